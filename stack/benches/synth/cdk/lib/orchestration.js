// The orchestrator, and the parameter from which it learns the state machine's ARN.

const ssm = require("aws-cdk-lib/aws-ssm");
const { Construct } = require("constructs");

const { rustFunction } = require("./function");

class Orchestration extends Construct {
  constructor(scope, id, { pipeline, assets, stateMachine }) {
    super(scope, id);
    const parameter = new ssm.StringParameter(this, "StateMachineArnParameter", {
      description: "The state machine that processes a file; the orchestrator reads it.",
      parameterName: `/pipelines/${pipeline}/stateMachineArn`,
      stringValue: stateMachine.stateMachineArn,
    });
    this.function = rustFunction(this, "Orchestrator", {
      pipeline,
      assets,
      description: "Starts an execution for each file that arrives.",
      environment: { STATE_MACHINE_ARN_PARAMETER: parameter.parameterName },
      memory: 128,
      timeout: 30,
    });
    parameter.grantRead(this.function);
    stateMachine.grantStartExecution(this.function);
  }
}

module.exports = { Orchestration };
