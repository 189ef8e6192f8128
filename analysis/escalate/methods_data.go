package escalate

// ofData are the methods by which a service for data, models or applications acts with a role as the holder tells it: Glue,
// SageMaker, Bedrock AgentCore, AppSync and Cognito.
var ofData = []Method{
	// Glue.
	{
		ID: "pf-glue-003", Title: "runs a new Glue job with a role that it passes",
		Steps: []Step{pass(glue), do("glue:CreateJob", "job", Own), do("glue:StartJobRun", "job", Own)},
		Gains: Principal, Target: roleOf(glue), Source: "pathfinding.cloud glue-003",
	},
	{
		ID: "pf-glue-004", Title: "has a trigger run a new Glue job with a role that it passes",
		Steps: []Step{pass(glue), do("glue:CreateJob", "job", Own), do("glue:CreateTrigger", "trigger", Own)},
		Gains: Principal, Target: roleOf(glue), Source: "pathfinding.cloud glue-004",
	},
	{
		ID: "pf-glue-005", Title: "puts a script and a role that it passes into a Glue job, and runs it",
		Steps: []Step{pass(glue), do("glue:UpdateJob", "job", Other), do("glue:StartJobRun", "job", Other)},
		Gains: Principal, Target: roleOf(glue), Needs: []string{"a Glue job"}, Source: "pathfinding.cloud glue-005",
	},
	{
		ID: "pf-glue-006", Title: "puts a script and a role that it passes into a Glue job, and has a trigger run it",
		Steps: []Step{pass(glue), do("glue:UpdateJob", "job", Other), do("glue:CreateTrigger", "trigger", Own)},
		Gains: Principal, Target: roleOf(glue), Needs: []string{"a Glue job"}, Source: "pathfinding.cloud glue-006",
	},
	{
		ID: "pf-glue-001", Title: "makes a Glue development endpoint with a role that it passes, and logs in",
		Steps: []Step{pass(glue), do("glue:CreateDevEndpoint")},
		Gains: Principal, Target: roleOf(glue), Source: "pathfinding.cloud glue-001",
	},
	{
		ID: "pf-glue-002", Title: "puts an SSH key of its own into a Glue development endpoint, and logs in",
		Steps: []Step{do("glue:UpdateDevEndpoint", "devendpoint", Other)},
		Gains: Principal, Target: runningIn(glue), Source: "pathfinding.cloud glue-002",
	},

	// SageMaker.
	{
		ID: "pf-sagemaker-001", Title: "makes a notebook instance with a role that it passes",
		Steps: []Step{pass(sageMaker), do("sagemaker:CreateNotebookInstance", "notebook-instance", Own)},
		Gains: Principal, Target: roleOf(sageMaker), Needs: []string{"a way for the holder into the notebook"},
		Source: "pathfinding.cloud sagemaker-001",
	},
	{
		ID: "pf-sagemaker-002", Title: "runs a training job with code of its own and a role that it passes",
		Steps: []Step{pass(sageMaker), do("sagemaker:CreateTrainingJob", "training-job", Own)},
		Gains: Principal, Target: roleOf(sageMaker), Needs: []string{"a bucket that the role can use"}, Source: "pathfinding.cloud sagemaker-002",
	},
	{
		ID: "pf-sagemaker-003", Title: "runs a processing job with code of its own and a role that it passes",
		Steps: []Step{pass(sageMaker), do("sagemaker:CreateProcessingJob", "processing-job", Own)},
		Gains: Principal, Target: roleOf(sageMaker), Needs: []string{"a bucket that the role can use"}, Source: "pathfinding.cloud sagemaker-003",
	},
	{
		ID: "pf-sagemaker-004", Title: "opens a notebook instance",
		Steps: []Step{do("sagemaker:CreatePresignedNotebookInstanceUrl", "notebook-instance", Other)},
		Gains: Principal, Target: runningIn(sageMaker), Source: "pathfinding.cloud sagemaker-004",
	},
	{
		ID: "pf-sagemaker-005", Title: "has a notebook instance run a script of its own when it starts",
		Steps: []Step{
			do("sagemaker:CreateNotebookInstanceLifecycleConfig", "notebook-instance-lifecycle-config", Own),
			do("sagemaker:StopNotebookInstance", "notebook-instance", Other),
			do("sagemaker:UpdateNotebookInstance", "notebook-instance", Other),
			do("sagemaker:StartNotebookInstance", "notebook-instance", Other),
		},
		Gains: Principal, Target: runningIn(sageMaker), Source: "pathfinding.cloud sagemaker-005",
	},

	// Bedrock AgentCore.
	{
		ID: "pf-bedrock-001", Title: "runs code in a session of a new code interpreter with a role that it passes",
		Steps: []Step{
			pass(agentCore),
			do("bedrock-agentcore:CreateCodeInterpreter"),
			do("bedrock-agentcore:StartCodeInterpreterSession", "code-interpreter-custom", Own),
			do("bedrock-agentcore:InvokeCodeInterpreter", "code-interpreter-custom", Own),
		},
		Gains: Principal, Target: roleOf(agentCore), Source: "pathfinding.cloud bedrock-001",
	},
	{
		ID: "agentcore-short", Title: "runs code in a new code interpreter with a role that it passes",
		Steps: []Step{
			pass(agentCore),
			do("bedrock-agentcore:CreateCodeInterpreter"),
			do("bedrock-agentcore:InvokeCodeInterpreter", "code-interpreter-custom", Own),
		},
		Gains: Principal, Target: roleOf(agentCore), Source: "prowler",
	},
	{
		ID: "pf-bedrock-002", Title: "runs code in a code interpreter",
		Steps: []Step{
			do("bedrock-agentcore:StartCodeInterpreterSession", "code-interpreter-custom", Other),
			do("bedrock-agentcore:InvokeCodeInterpreter", "code-interpreter-custom", Other),
		},
		Gains: Principal, Target: runningIn(agentCore), Source: "pathfinding.cloud bedrock-002",
	},

	// AppSync.
	{
		ID: "appsync-datasource", Title: "has an AppSync resolver make requests with a role that it passes",
		Steps: []Step{
			pass(appSync),
			oneOf(do("appsync:CreateDataSource"), do("appsync:UpdateDataSource")),
			oneOf(do("appsync:CreateResolver"), do("appsync:UpdateResolver"), do("appsync:CreateFunction")),
			oneOf(do("appsync:GraphQL", "field", Other), do("appsync:CreateApiKey")),
		},
		Gains: Principal, Target: roleOf(appSync), Needs: []string{"a GraphQL API"}, Source: "Writ",
	},

	// Cognito: the roles of identity pools and groups.
	{
		ID: "cognito-identity-setroles", Title: "makes a role that it passes the role of an identity pool",
		Steps: []Step{pass(cognitoIdentity), do("cognito-identity:SetIdentityPoolRoles")},
		Gains: Principal, Target: roleOf(cognitoIdentity), Needs: []string{"an identity pool that the role trusts"}, Source: "public lists",
	},
	{
		ID: "cognito-identity-updatepool", Title: "opens an identity pool to guests, or to a login provider of its own",
		Steps: []Step{do("cognito-identity:UpdateIdentityPool", "identitypool", Other)},
		Gains: Principal, Target: runningIn(cognitoIdentity), Needs: []string{"an identity pool with the role"}, Source: "public lists",
	},
	{
		ID: "cognito-idp-creategroup", Title: "makes a role that it passes the role of a group in a user pool",
		Steps: []Step{
			pass(cognitoIDP).with(passedToService, cognitoIDP, cognitoIdentity),
			oneOf(do("cognito-idp:CreateGroup", "userpool", Other), do("cognito-idp:UpdateGroup", "userpool", Other)),
		},
		Gains: Principal, Target: roleOf(cognitoIdentity),
		Needs:  []string{"an identity pool that takes the role from the token", "a user in the group"},
		Source: "public lists",
	},
	{
		ID: "cognito-idp-addtogroup", Title: "adds a user of an app to a group with a role",
		Steps: []Step{do("cognito-idp:AdminAddUserToGroup", "userpool", Other)},
		Gains: Principal, Target: runningIn(cognitoIdentity),
		Needs:  []string{"a group with the role, and an identity pool that takes it from the token", "a user of the app"},
		Source: "public lists",
	},

	// Cognito: users of apps.
	{
		ID: "cognito-idp-createuser", Title: "makes a user of an app",
		Steps: []Step{do("cognito-idp:AdminCreateUser", "userpool", Other)},
		Gains: Application, Needs: []string{"a user pool"}, Source: "public lists",
	},
	{
		ID: "cognito-idp-setpassword", Title: "sets the password of an app's user",
		Steps: []Step{oneOf(
			do("cognito-idp:AdminSetUserPassword", "userpool", Other),
			do("cognito-idp:AdminResetUserPassword", "userpool", Other),
		)},
		Gains: Application, Needs: []string{"a user pool with users"}, Source: "public lists",
	},
	{
		ID: "cognito-idp-attributes", Title: "changes attributes of an app's user, which the app trusts",
		Steps: []Step{do("cognito-idp:AdminUpdateUserAttributes", "userpool", Other)},
		Gains: Application, Needs: []string{"an app that decides by users' attributes"}, Source: "public lists",
	},
	{
		ID: "cognito-idp-client", Title: "makes or changes an app client, so that it signs users in as the holder likes",
		Steps: []Step{oneOf(
			do("cognito-idp:CreateUserPoolClient", "userpool", Other),
			do("cognito-idp:UpdateUserPoolClient", "userpool", Other),
		)},
		Gains: Application, Needs: []string{"a user pool"}, Source: "public lists",
	},
}
