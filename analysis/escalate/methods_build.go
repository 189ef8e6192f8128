package escalate

// ofBuild are the methods by which a service that builds or deploys does what the holder tells it, with a role: CloudFormation,
// CodeBuild, CodeStar, Amplify and Data Pipeline.
var ofBuild = []Method{
	// CloudFormation: a service role that is passed.
	{
		ID: "pf-cloudformation-001", Title: "makes a stack with a service role that it passes",
		Steps: []Step{pass(cloudFormation), do("cloudformation:CreateStack", "stack", Own)},
		Gains: Principal, Target: roleOf(cloudFormation), Source: "pathfinding.cloud cloudformation-001",
	},
	{
		ID: "cfn-changeset-passrole", Title: "makes a stack by a change set, with a service role that it passes",
		Steps: []Step{
			pass(cloudFormation),
			do("cloudformation:CreateChangeSet", "stack", Own),
			do("cloudformation:ExecuteChangeSet", "stack", Own),
		},
		Gains: Principal, Target: roleOf(cloudFormation), Source: "PMapper",
	},
	{
		ID: "cfn-updatestack-passrole", Title: "updates a stack with a service role that it passes",
		Steps: []Step{pass(cloudFormation), do("cloudformation:UpdateStack", "stack", Other)},
		Gains: Principal, Target: roleOf(cloudFormation), Needs: []string{"a stack"}, Source: "PMapper",
	},
	{
		ID: "pf-cloudformation-003", Title: "deploys a stack set with an administration role that it passes",
		Steps: []Step{
			pass(cloudFormation),
			do("cloudformation:CreateStackSet"),
			do("cloudformation:CreateStackInstances", "stackset", Own),
		},
		Gains: Principal, Target: roleOf(cloudFormation), Needs: []string{"an execution role, an administrator's, that trusts the passed role"},
		Source: "pathfinding.cloud cloudformation-003",
	},
	{
		ID: "pf-cloudformation-004", Title: "updates a stack set with an administration role that it passes",
		Steps: []Step{pass(cloudFormation), do("cloudformation:UpdateStackSet", "stackset", Other)},
		Gains: Principal, Target: roleOf(cloudFormation),
		Needs:  []string{"a stack set with stack instances", "an execution role, an administrator's, that trusts the passed role"},
		Source: "pathfinding.cloud cloudformation-004",
	},

	// CloudFormation: the service role of a stack.
	{
		ID: "pf-cloudformation-002", Title: "updates a stack that has a service role",
		Steps: []Step{do("cloudformation:UpdateStack", "stack", Other)},
		Gains: Principal, Target: runningIn(cloudFormation), Needs: []string{"a stack with a service role"},
		Source: "pathfinding.cloud cloudformation-002",
	},
	{
		ID: "pf-cloudformation-005", Title: "updates a stack that has a service role, by a change set",
		Steps: []Step{
			do("cloudformation:CreateChangeSet", "stack", Other),
			do("cloudformation:ExecuteChangeSet", "stack", Other),
		},
		Gains: Principal, Target: runningIn(cloudFormation), Needs: []string{"a stack with a service role"},
		Source: "pathfinding.cloud cloudformation-005",
	},
	{
		ID: "cfn-updatestackset", Title: "updates a stack set",
		Steps: []Step{do("cloudformation:UpdateStackSet", "stackset", Other)},
		Gains: Principal, Target: runningIn(cloudFormation), Needs: []string{"a stack set with stack instances"}, Source: "public lists",
	},

	// CodeBuild.
	{
		ID: "pf-codebuild-001", Title: "builds a new project with a role that it passes",
		Steps: []Step{pass(codeBuild), do("codebuild:CreateProject", "project", Own), do("codebuild:StartBuild", "project", Own)},
		Gains: Principal, Target: roleOf(codeBuild), Source: "pathfinding.cloud codebuild-001",
	},
	{
		ID: "pf-codebuild-004", Title: "builds a new project in a batch, with a role that it passes",
		Steps: []Step{pass(codeBuild), do("codebuild:CreateProject", "project", Own), do("codebuild:StartBuildBatch", "project", Own)},
		Gains: Principal, Target: roleOf(codeBuild), Source: "pathfinding.cloud codebuild-004",
	},
	{
		ID: "pf-codebuild-002", Title: "builds a project with a buildspec of its own",
		Steps: []Step{do("codebuild:StartBuild", "project", Other)},
		Gains: Principal, Target: runningIn(codeBuild), Source: "pathfinding.cloud codebuild-002",
	},
	{
		ID: "pf-codebuild-003", Title: "builds a project in a batch with a buildspec of its own",
		Steps: []Step{do("codebuild:StartBuildBatch", "project", Other)},
		Gains: Principal, Target: runningIn(codeBuild), Needs: []string{"a project that is set up for batch builds"},
		Source: "pathfinding.cloud codebuild-003",
	},

	// Amplify.
	{
		ID: "amplify-buildrole", Title: "has Amplify build an app with commands of its own and a role that it passes",
		// All of an app's calls are about the one branch that is built.
		Steps: []Step{
			pass(amplify),
			oneOf(do("amplify:CreateApp"), do("amplify:UpdateApp", "apps", Other)),
			oneOf(do("amplify:CreateBranch", "branches", Own), do("amplify:UpdateBranch", "branches", Own)),
			oneOf(do("amplify:StartJob", "jobs", Own), do("amplify:CreateDeployment", "branches", Own)),
		},
		Gains: Principal, Target: roleOf(amplify), Needs: []string{"a repository that the holder writes to"}, Source: "Writ",
	},

	// Data Pipeline.
	{
		ID: "pf-datapipeline-001", Title: "runs commands in a new pipeline with a role that it passes",
		Steps: []Step{
			do("datapipeline:CreatePipeline"),
			pass(dataPipeline).with(passedToService, dataPipeline, emr),
			do("datapipeline:PutPipelineDefinition", "pipeline", Own),
			do("datapipeline:ActivatePipeline", "pipeline", Own),
		},
		Gains: Principal, Target: roleOf(dataPipeline), Needs: []string{"an account that still has Data Pipeline"},
		Source: "pathfinding.cloud datapipeline-001",
	},

	// CodeStar, which AWS closed on 31 July 2024.
	{
		ID: "codestar-create", Title: "makes a CodeStar project with the service role of CodeStar, which it passes",
		Steps: []Step{pass(codeStar), do("codestar:CreateProject")},
		Gains: Principal, Target: roleOf(codeStar), Needs: []string{"CodeStar, which AWS closed in 2024"},
		Source: "Rhino Security Labs, hackingthe.cloud, prowler, pacu",
	},
	{
		ID: "codestar-template", Title: "makes a CodeStar project from a template, and uses its worker role",
		Steps: []Step{do("codestar:CreateProjectFromTemplate")},
		Gains: Principal, Target: roleOf(cloudFormation), Needs: []string{"CodeStar, which AWS closed in 2024"},
		Source: "Rhino Security Labs, pacu",
	},
	{
		ID: "codestar-associate", Title: "makes a CodeStar project, and itself an owner of it",
		Steps: []Step{do("codestar:CreateProject"), do("codestar:AssociateTeamMember", "project", Own)},
		Gains: Application, Needs: []string{"CodeStar, which AWS closed in 2024", "a holder that is a user"},
		Source: "hackingthe.cloud, pacu",
	},
}
