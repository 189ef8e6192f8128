package escalate

// ofCompute are the methods by which the holder's code runs with the role of an instance or a container: EC2, Auto Scaling, Systems
// Manager, ECS and App Runner.
var ofCompute = []Method{
	// EC2: a role that is passed, by its instance profile.
	{
		ID: "pf-ec2-001", Title: "launches an instance with a role that it passes",
		Steps: []Step{pass(ec2), do("ec2:RunInstances", "instance", Own)},
		Gains: Principal, Target: roleOf(ec2), Needs: []string{"an instance profile of the role"}, Source: "pathfinding.cloud ec2-001",
	},
	{
		ID: "pf-ec2-003", Title: "launches a Spot Instance with a role that it passes",
		Steps: []Step{pass(ec2), do("ec2:RequestSpotInstances", "spot-instances-request", Own)},
		Gains: Principal, Target: roleOf(ec2), Needs: []string{"an instance profile of the role"}, Source: "pathfinding.cloud ec2-003",
	},
	{
		ID: "ec2-newprofile-run", Title: "makes an instance profile of a role that it passes, and launches an instance with it",
		Steps: []Step{
			do("iam:CreateInstanceProfile", "instance-profile", Own),
			pass(ec2),
			do("iam:AddRoleToInstanceProfile", "instance-profile", Own),
			do("ec2:RunInstances", "instance", Own),
		},
		Gains: Principal, Target: roleOf(ec2), Source: "PMapper, awspx CreateInstanceProfile",
	},
	{
		ID: "ec2-associateprofile", Title: "gives an instance another instance profile, whose role it passes",
		Steps: []Step{
			pass(ec2),
			oneOf(
				do("ec2:AssociateIamInstanceProfile", "instance", Other),
				do("ec2:ReplaceIamInstanceProfileAssociation", "instance", Other),
			),
		},
		Gains: Principal, Target: roleOf(ec2),
		Needs:  []string{"an instance profile of the role", "an instance that the holder can log in to"},
		Source: "PMapper, awspx AssociateInstanceProfile",
	},
	{
		ID: "iam-addroletoinstanceprofile", Title: "puts a role that it passes into the instance profile of an instance",
		Steps: []Step{pass(ec2), do("iam:AddRoleToInstanceProfile", "instance-profile", Other)},
		Gains: Principal, Target: roleOf(ec2),
		Needs:  []string{"an instance that the holder can log in to, whose instance profile has no role"},
		Source: "awspx AddRoleToInstanceProfile",
	},
	{
		ID: "autoscaling-lt", Title: "has an Auto Scaling group launch instances with a role that it passes, by a launch template",
		Steps: []Step{
			do("ec2:CreateLaunchTemplate", "launch-template", Own),
			// It is checked, as iam:PassRole is, when a group takes the launch template.
			// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
			do("ec2:RunInstances", "instance", Own),
			pass(ec2),
			oneOf(
				do("autoscaling:CreateAutoScalingGroup", "autoScalingGroup", Own),
				do("autoscaling:UpdateAutoScalingGroup", "autoScalingGroup", Other),
			),
		},
		Gains: Principal, Target: roleOf(ec2), Needs: []string{"an instance profile of the role"}, Source: "hackingthe.cloud",
	},
	{
		ID: "autoscaling-lc", Title: "has an Auto Scaling group launch instances with a role that it passes, by a launch configuration",
		Steps: []Step{
			pass(ec2),
			do("autoscaling:CreateLaunchConfiguration", "launchConfiguration", Own),
			oneOf(
				do("autoscaling:CreateAutoScalingGroup", "autoScalingGroup", Own),
				do("autoscaling:UpdateAutoScalingGroup", "autoScalingGroup", Other),
			),
		},
		Gains: Principal, Target: roleOf(ec2),
		Needs:  []string{"an instance profile of the role", "an account that may still make launch configurations"},
		Source: "hackingthe.cloud, prowler, PMapper",
	},

	// EC2: the role of an instance.
	{
		ID: "autoscaling-existing-lc", Title: "has a new Auto Scaling group launch instances by a launch configuration",
		Steps: []Step{do("autoscaling:CreateAutoScalingGroup", "autoScalingGroup", Own)},
		Gains: Principal, Target: runningIn(ec2),
		Needs: []string{
			"a launch configuration with the role, whose instances the holder can log in to", "the service-linked role of Auto Scaling",
		},
		Source: "PMapper",
	},
	{
		ID: "pf-ec2-004", Title: "puts user data of its own into the default version of a launch template",
		Steps: []Step{
			do("ec2:CreateLaunchTemplateVersion", "launch-template", Other),
			do("ec2:ModifyLaunchTemplate", "launch-template", Other),
		},
		Gains: Principal, Target: runningIn(ec2),
		Needs:  []string{"a launch template with the role, from which something launches instances"},
		Source: "pathfinding.cloud ec2-004",
	},
	{
		ID: "pf-ec2-002", Title: "stops an instance, puts user data of its own into it, and starts it",
		Steps: []Step{
			do("ec2:StopInstances", "instance", Other),
			do("ec2:ModifyInstanceAttribute", "instance", Other),
			do("ec2:StartInstances", "instance", Other),
		},
		Gains: Principal, Target: runningIn(ec2), Source: "pathfinding.cloud ec2-002",
	},
	{
		ID: "pf-ec2instanceconnect-003", Title: "sends an SSH key to an instance, and logs in",
		Steps: []Step{do("ec2:DescribeInstances"), do("ec2-instance-connect:SendSSHPublicKey", "instance", Other)},
		Gains: Principal, Target: runningIn(ec2),
		Needs:  []string{"EC2 Instance Connect on the instance", "a way to its SSH port"},
		Source: "pathfinding.cloud ec2instanceconnect-003",
	},
	{
		ID: "pf-ssm-001", Title: "opens a session on an instance",
		Steps: []Step{do("ssm:StartSession", "instance", Other)},
		Gains: Principal, Target: runningIn(ec2), Needs: []string{"an instance that Systems Manager manages"},
		Source: "pathfinding.cloud ssm-001",
	},
	{
		ID: "pf-ssm-002", Title: "runs a command on an instance",
		Steps: []Step{do("ssm:SendCommand", "instance", Other)},
		Gains: Principal, Target: runningIn(ec2), Needs: []string{"an instance that Systems Manager manages"},
		Source: "pathfinding.cloud ssm-002",
	},

	// ECS: a task role that is passed.
	{
		ID: "pf-ecs-002", Title: "runs a task with a role that it passes, in a cluster of its own",
		Steps: []Step{
			do("ecs:CreateCluster", "cluster", Own),
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:RunTask", "task-definition", Own),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Source: "pathfinding.cloud ecs-002",
	},
	{
		ID: "pf-ecs-001", Title: "runs a service with a role that it passes, in a cluster of its own",
		Steps: []Step{
			do("ecs:CreateCluster", "cluster", Own),
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:CreateService", "service", Own),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Source: "pathfinding.cloud ecs-001",
	},
	{
		ID: "pf-ecs-004", Title: "runs a task with a role that it passes",
		Steps: []Step{
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:RunTask", "task-definition", Own),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Needs: []string{"a cluster in ECS"}, Source: "pathfinding.cloud ecs-004",
	},
	{
		ID: "pf-ecs-003", Title: "runs a service with a role that it passes",
		Steps: []Step{
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:CreateService", "service", Own),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Needs: []string{"a cluster in ECS"}, Source: "pathfinding.cloud ecs-003",
	},
	{
		ID: "pf-ecs-005", Title: "starts a task with a role that it passes, on a container instance",
		Steps: []Step{
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:StartTask", "task-definition", Own),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Needs: []string{"a cluster in ECS with a container instance"},
		Source: "pathfinding.cloud ecs-005",
	},
	{
		ID: "ecs-updateservice", Title: "has a service run tasks with a role that it passes",
		Steps: []Step{
			pass(ecsTasks),
			do("ecs:RegisterTaskDefinition", "task-definition", Own),
			do("ecs:UpdateService", "service", Other),
		},
		Gains: Principal, Target: roleOf(ecsTasks), Needs: []string{"a service in ECS"}, Source: "public lists",
	},
	{
		ID: "ecs-runtask-override", Title: "runs a task with a command of its own and a role that it passes",
		Steps: []Step{pass(ecsTasks), do("ecs:RunTask", "task-definition", Other)},
		Gains: Principal, Target: roleOf(ecsTasks), Needs: []string{"a cluster in ECS", "a task definition with a shell"}, Source: "prowler",
	},
	{
		ID: "ecs-starttask-container", Title: "starts a task with a role that it passes, on a machine of its own",
		Steps: []Step{
			do("ecs:DeregisterContainerInstance", "cluster", Other),
			do("ecs:RegisterContainerInstance", "cluster", Other),
			pass(ecsTasks),
			do("ecs:StartTask", "task-definition", Other),
		},
		Gains: Principal, Target: roleOf(ecsTasks),
		Needs:  []string{"a container instance that the holder can log in to", "a task definition"},
		Source: "prowler, Reversec",
	},

	// ECS: the role of a running task.
	{
		ID: "ecs-exec", Title: "runs a command in a container of a task",
		Steps: []Step{do("ecs:DescribeTasks", "task", Other), do("ecs:ExecuteCommand", "task", Other)},
		Gains: Principal, Target: runningIn(ecsTasks), Needs: []string{"a running task that allows ECS Exec"},
		Source: "cloudsplaining, pathfinding.cloud ecs-006, prowler",
	},

	// App Runner.
	{
		ID: "pf-apprunner-001", Title: "runs a service in App Runner with a role that it passes",
		// The role trusts one service principal; AWSAppRunnerFullAccess names the other in iam:PassedToService.
		Steps: []Step{pass(appRunner).with(passedToService, appRunner, appRunnerTasks), do("apprunner:CreateService", "service", Own)},
		Gains: Principal, Target: roleOf(appRunnerTasks), Source: "pathfinding.cloud apprunner-001",
	},
	{
		ID: "pf-apprunner-002", Title: "puts an image or a command of its own into a service of App Runner",
		Steps: []Step{do("apprunner:UpdateService", "service", Other)},
		Gains: Principal, Target: runningIn(appRunnerTasks), Source: "pathfinding.cloud apprunner-002",
	},
}
