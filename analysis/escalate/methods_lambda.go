package escalate

// ofLambda are the methods by which the holder's code runs with the role of a Lambda function.
var ofLambda = []Method{
	// A new function with a role that is passed.
	{
		ID: "pf-lambda-001", Title: "runs a new function with a role that it passes",
		Steps: []Step{pass(lambda), do("lambda:CreateFunction", "function", Own), do("lambda:InvokeFunction", "function", Own)},
		Gains: Principal, Target: roleOf(lambda), Source: "pathfinding.cloud lambda-001",
	},
	{
		ID: "pf-lambda-006", Title: "passes a role to a new function, and lets itself invoke it by the function's policy",
		Steps: []Step{pass(lambda), do("lambda:CreateFunction", "function", Own), do("lambda:AddPermission", "function", Own)},
		Gains: Principal, Target: roleOf(lambda), Source: "pathfinding.cloud lambda-006",
	},
	{
		ID: "lambda-url", Title: "passes a role to a new function, and calls its URL",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("lambda:CreateFunctionUrlConfig", "function", Own),
			// Both are needed since October 2025. The function's policy can grant each.
			// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
			oneOf(do("lambda:InvokeFunctionUrl", "function", Own), do("lambda:AddPermission", "function", Own)),
			oneOf(do("lambda:InvokeFunction", "function", Own), do("lambda:AddPermission", "function", Own)),
		},
		Gains: Principal, Target: roleOf(lambda), Source: "public lists",
	},
	{
		ID: "pf-lambda-002", Title: "passes a role to a new function, which a stream or queue invokes",
		Steps: []Step{pass(lambda), do("lambda:CreateFunction", "function", Own), do("lambda:CreateEventSourceMapping")},
		Gains: Principal, Target: roleOf(lambda), Needs: []string{"a stream or queue in use, which the role can read"},
		Source: "pathfinding.cloud lambda-002",
	},
	{
		ID: "lambda-dynamo-new", Title: "passes a role to a new function, which the stream of a table of its own invokes",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("dynamodb:CreateTable", "table", Own),
			do("lambda:CreateEventSourceMapping"),
			do("dynamodb:PutItem", "table", Own),
		},
		Gains: Principal, Target: roleOf(lambda), Needs: []string{"permissions of the role to read the stream"},
		Source: "Rhino Security Labs, cloudsplaining, prowler, pacu, iam-vulnerable",
	},
	{
		ID: "lambda-sqs-esm", Title: "passes a role to a new function, which a queue of its own invokes",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("sqs:CreateQueue", "queue", Own),
			do("lambda:CreateEventSourceMapping"),
			oneOf(do("sqs:SendMessage", "queue", Own), do("sqs:SetQueueAttributes", "queue", Own)),
		},
		Gains: Principal, Target: roleOf(lambda), Needs: []string{"permissions of the role to receive from the queue"},
		Source: "after pathfinding.cloud lambda-002",
	},
	{
		ID: "lambda-eventbridge", Title: "passes a role to a new function, which a rule in EventBridge invokes",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("events:PutRule", "rule-on-default-event-bus", Own),
			do("lambda:AddPermission", "function", Own),
			do("events:PutTargets", "rule-on-default-event-bus", Own),
		},
		Gains: Principal, Target: roleOf(lambda), Source: "after pathfinding.cloud lambda-001",
	},
	{
		ID: "lambda-s3-notification", Title: "passes a role to a new function, which an object in a bucket invokes",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("lambda:AddPermission", "function", Own),
			do("s3:PutBucketNotification", "bucket", Other),
			do("s3:PutObject", "object", Own),
		},
		Gains: Principal, Target: roleOf(lambda), Needs: []string{"a bucket"}, Source: "after pathfinding.cloud lambda-001",
	},
	{
		ID: "cloudfront-lambdaedge", Title: "passes a role to a new function, which CloudFront runs at its edge",
		Steps: []Step{
			pass(lambda),
			do("lambda:CreateFunction", "function", Own),
			do("lambda:PublishVersion", "function", Own),
			oneOf(do("cloudfront:UpdateDistribution", "distribution", Other), do("cloudfront:CreateDistribution")),
		},
		Gains: Principal, Target: roleOf(edgeLambda),
		Needs:  []string{"trust of the role in " + lambda + " too", "lambda:EnableReplication* on the function, for the holder"},
		Source: "public lists",
	},

	// A function that exists, with its role.
	{
		ID: "pf-lambda-003", Title: "puts code of its own into a function",
		Steps: []Step{do("lambda:UpdateFunctionCode", "function", Other)},
		Gains: Principal, Target: runningIn(lambda), Needs: []string{"something that invokes the function"},
		Source: "pathfinding.cloud lambda-003",
	},
	{
		ID: "pf-lambda-004", Title: "puts code of its own into a function, and invokes it",
		Steps: []Step{do("lambda:UpdateFunctionCode", "function", Other), do("lambda:InvokeFunction", "function", Other)},
		Gains: Principal, Target: runningIn(lambda), Source: "pathfinding.cloud lambda-004",
	},
	{
		ID: "pf-lambda-005", Title: "puts code of its own into a function, and lets itself invoke it by the function's policy",
		Steps: []Step{do("lambda:UpdateFunctionCode", "function", Other), do("lambda:AddPermission", "function", Other)},
		Gains: Principal, Target: runningIn(lambda), Source: "pathfinding.cloud lambda-005",
	},
	{
		ID: "lambda-codesigning", Title: "takes the code signing from a function, and puts code of its own into it",
		Steps: []Step{
			oneOf(
				do("lambda:DeleteFunctionCodeSigningConfig", "function", Other),
				do("lambda:PutFunctionCodeSigningConfig", "function", Other),
			),
			do("lambda:UpdateFunctionCode", "function", Other),
		},
		Gains: Principal, Target: runningIn(lambda), Needs: []string{"something that invokes the function"}, Source: "public lists",
	},
	{
		ID: "lambda-updateconfig-layer", Title: "puts a layer of its own into a function",
		Steps: []Step{do("lambda:UpdateFunctionConfiguration", "function", Other)},
		Gains: Principal, Target: runningIn(lambda),
		Needs:  []string{"a layer version of the holder's, in any account", "something that invokes the function"},
		Source: "hackingthe.cloud, prowler",
	},
	{
		ID: "lambda-swaprole", Title: "puts a role and code of its own into a function",
		Steps: []Step{
			pass(lambda),
			do("lambda:UpdateFunctionConfiguration", "function", Other),
			do("lambda:UpdateFunctionCode", "function", Other),
		},
		Gains: Principal, Target: roleOf(lambda), Needs: []string{"a function, and something that invokes it"}, Source: "PMapper",
	},
}
