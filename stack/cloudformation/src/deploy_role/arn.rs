//! Which ARNs the resources of a stack will have.

use serde_json::Value as Json;

use super::Target;
use crate::access::many;

/// The actions of the schemas' permissions for which AWS has no resource-level permission:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
pub(super) const WITHOUT_RESOURCES: &[&str] = &[
    "cloudfront:CreateConnectionGroup",
    "cloudfront:CreateDistribution",
    "codedeploy:StopDeployment",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "events:PutPermission",
    "events:RemovePermission",
    "kinesis:DisableEnhancedMonitoring",
    "kinesis:EnableEnhancedMonitoring",
    "kinesis:UpdateShardCount",
    "kinesis:UpdateStreamMode",
    "kms:CreateKey",
    "kms:ListAliases",
    "lakeformation:DescribeLakeFormationIdentityCenterConfiguration",
    "lakeformation:DescribeResource",
    "lakeformation:GetDataAccess",
    "lakeformation:ListResources",
    "lambda:CreateEventSourceMapping",
    "logs:CreateLogDelivery",
    "logs:DeleteIndexPolicy",
    "logs:DeleteLogDelivery",
    "logs:DeleteQueryDefinition",
    "logs:DeleteResourcePolicy",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutIndexPolicy",
    "logs:PutQueryDefinition",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
];

/// Where a type's resources are: the type, the property that names one (or that refers to the resource it belongs to), and
/// what follows the account in the ARN. `{}` is the name.
const RESOURCES: &[(&str, &str, &[&str])] = &[
    ("AWS::Athena::NamedQuery", "WorkGroup", &["workgroup/{}"]),
    ("AWS::Athena::WorkGroup", "Name", &["workgroup/{}"]),
    ("AWS::CloudFront::Distribution", "", &["distribution/*", "connection-group/*", "vpcorigin/*"]),
    ("AWS::CloudWatch::Alarm", "AlarmName", &["alarm:{}"]),
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName", &["alarm:{}"]),
    ("AWS::CloudWatch::Dashboard", "DashboardName", &["dashboard/{}"]),
    ("AWS::CodePipeline::Pipeline", "Name", &["{}", "{}/*"]),
    ("AWS::DynamoDB::Table", "TableName", &["table/{}", "table/{}/*"]),
    ("AWS::Events::EventBus", "Name", &["event-bus/{}"]),
    ("AWS::Events::Rule", "Name", &["rule/{}", "rule/*/{}"]),
    ("AWS::Glue::Database", "", &["catalog", "connection/*", "database/*", "table/*"]),
    ("AWS::Glue::Table", "", &["catalog", "connection/*", "database/*", "schema/*", "table/*"]),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", &["policy/{}"]),
    ("AWS::IAM::OIDCProvider", "", &["oidc-provider/*"]),
    ("AWS::IAM::Role", "RoleName", &["role/{}"]),
    ("AWS::Kinesis::Stream", "Name", &["stream/{}"]),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", &["deliverystream/{}"]),
    ("AWS::KMS::Alias", "", &["alias/*", "key/*"]),
    ("AWS::KMS::Key", "", &["key/*"]),
    ("AWS::Lambda::Alias", "FunctionName", &["function:{}", "function:{}:*"]),
    ("AWS::Lambda::EventInvokeConfig", "FunctionName", &["function:{}", "function:{}:*"]),
    ("AWS::Lambda::EventSourceMapping", "", &["event-source-mapping:*"]),
    ("AWS::Lambda::Function", "FunctionName", &["function:{}", "function:{}:*"]),
    ("AWS::Lambda::Permission", "FunctionName", &["function:{}", "function:{}:*"]),
    ("AWS::Lambda::Url", "TargetFunctionArn", &["function:{}", "function:{}:*"]),
    ("AWS::Lambda::Version", "FunctionName", &["function:{}", "function:{}:*"]),
    ("AWS::Logs::LogGroup", "LogGroupName", &["log-group:{}", "log-group:{}:*"]),
    ("AWS::Logs::MetricFilter", "LogGroupName", &["log-group:{}", "log-group:{}:*"]),
    ("AWS::Logs::QueryDefinition", "", &["log-group:*"]),
    ("AWS::Pipes::Pipe", "Name", &["pipe/{}"]),
    ("AWS::S3::Bucket", "BucketName", &["{}"]),
    ("AWS::S3::BucketPolicy", "Bucket", &["{}"]),
    ("AWS::Scheduler::Schedule", "Name", &["schedule/*/{}"]),
    ("AWS::SNS::Subscription", "TopicArn", &["{}"]),
    ("AWS::SNS::Topic", "TopicName", &["{}"]),
    ("AWS::SNS::TopicPolicy", "Topics", &["{}"]),
    ("AWS::SQS::Queue", "QueueName", &["{}"]),
    ("AWS::SQS::QueuePolicy", "Queues", &["{}"]),
    ("AWS::SSM::Parameter", "Name", &["parameter/{}"]),
    ("AWS::StepFunctions::StateMachine", "StateMachineName", &["stateMachine:{}", "stateMachine:{}:*"]),
];

/// What a call to something other than the type's own resources is about, by what the action begins with. The first that
/// fits counts; without one, any resource.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("iam:CreateServiceLinkedRole", &["role/aws-service-role/*"]),
    ("kms:", &["key/*", "alias/*"]),
    ("lambda:GetCodeSigningConfig", &["code-signing-config:*"]),
    ("lambda:GetLayerVersion", &["layer:*"]),
    ("lambda:PassCapacityProvider", &["capacity-provider:*"]),
];

/// What the resources of a template are called.
pub(super) struct Names<'a> {
    template: &'a Json,
    target: &'a Target<'a>,
}

impl<'a> Names<'a> {
    pub(super) fn new(template: &'a Json, target: &'a Target<'a>) -> Self {
        Self { template, target }
    }

    /// The ARN of `resource` in a service; `resource` is what follows the account.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (region, account) = (self.target.region.unwrap_or("*"), self.target.account.unwrap_or("*"));
        let (region, account) = match service {
            "s3" => ("", ""),
            "iam" | "cloudfront" => ("", account),
            "cloudwatch" if resource.starts_with("dashboard/") => ("", account),
            "apigateway" => (region, ""),
            _ => (region, account),
        };
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }

    /// Named by CloudFormation, as the stack's name, the logical id and a random part.
    pub(super) fn assets_bucket(&self) -> String {
        self.arn("s3", &format!("{}-*", self.target.assets_stack.to_lowercase()))
    }

    /// The log groups that Lambda makes for a function.
    pub(super) fn function_log_groups(&self, logical_id: &str) -> Vec<String> {
        let name = format!("log-group:/aws/lambda/{}", self.name_of(logical_id));
        ["", ":*"].iter().map(|rest| self.arn("logs", &format!("{name}{rest}"))).collect()
    }

    /// What `action`, called by the handlers of a resource, is to be allowed on.
    pub(super) fn resources_of(&self, action: &str, logical_id: &str, resource: &Json) -> Vec<String> {
        let type_name = resource["Type"].as_str().unwrap_or_default();
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        if WITHOUT_RESOURCES.contains(&action) {
            return vec!["*".into()];
        }
        if service == "iam" && type_name != "AWS::IAM::Role" {
            match action {
                "iam:PassRole" | "iam:GetRole" => return self.roles(),
                action if action.ends_with("RolePolicy") => return self.roles(),
                action if action.ends_with("UserPolicy") => return vec![self.arn(service, "user/*")],
                action if action.ends_with("GroupPolicy") => return vec![self.arn(service, "group/*")],
                _ => {}
            }
        }
        if let Some((_, patterns)) = ELSEWHERE.iter().find(|(prefix, _)| action.starts_with(prefix))
            && !type_name.starts_with("AWS::KMS::")
        {
            return patterns.iter().map(|pattern| self.arn(service, pattern)).collect();
        }
        if service == "s3" && type_name == "AWS::Lambda::Function" {
            return vec![format!("{}/*", self.assets_bucket())];
        }
        if service == "apigateway" {
            return ["/apis", "/apis/*", "/tags/*"].iter().map(|path| self.arn(service, path)).collect();
        }
        match RESOURCES.iter().find(|(kind, ..)| *kind == type_name) {
            Some((_, property, patterns)) if is_own(type_name, service) => {
                let names = self.names(&resource["Properties"][property], logical_id);
                let rests =
                    patterns.iter().flat_map(|pattern| names.iter().map(move |name| pattern.replace("{}", name)));
                // A parameter's ARN has one slash before the name, whether the name begins with one or not.
                rests.map(|rest| self.arn(service, &rest.replace("parameter//", "parameter/"))).collect()
            }
            _ => vec!["*".into()],
        }
    }

    /// The roles that the stack makes; where it makes none, those that it names are others', and may be any.
    fn roles(&self) -> Vec<String> {
        let resources = self.template["Resources"].as_object().into_iter().flatten();
        let roles = resources.filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
        let roles: Vec<String> =
            roles.map(|(logical_id, _)| self.arn("iam", &format!("role/{}", self.name_of(logical_id)))).collect();
        if roles.is_empty() { vec![self.arn("iam", "role/*")] } else { roles }
    }

    /// The names that a property gives, or the one that CloudFormation makes.
    fn names(&self, value: &Json, logical_id: &str) -> Vec<String> {
        // The property names the resource itself, unless it refers to another.
        if !value.is_object() && !value.is_array() {
            return vec![self.name_of(logical_id)];
        }
        many(value).iter().map(|value| self.text(value)).collect()
    }

    /// The name of a resource of the template; what is no resource of it may be called anything.
    fn name_of(&self, logical_id: &str) -> String {
        let resource = &self.template["Resources"][logical_id];
        let Some(type_name) = resource["Type"].as_str() else { return "*".into() };
        let property = RESOURCES.iter().find(|(kind, ..)| *kind == type_name).map_or("", |(_, property, _)| property);
        let path = resource["Properties"]["Path"].as_str().unwrap_or_default().trim_start_matches('/');
        match &resource["Properties"][property] {
            // CloudFormation joins the stack's name, the logical id and a random part, and cuts what is too long.
            Json::Null if type_name.starts_with("AWS::S3::") => format!("{}-*", self.target.stack.to_lowercase()),
            Json::Null => format!("{path}{}-*", self.target.stack),
            name => format!("{path}{}", self.text(name)),
        }
    }

    /// A value as it will be, with `*` for what is not known here.
    fn text(&self, value: &Json) -> String {
        if let Some(text) = value.as_str() {
            return text.to_owned();
        }
        if let Some(pattern) = value["Fn::Sub"].as_str() {
            let mut pieces = pattern.split("${");
            let first = pieces.next().unwrap_or_default().to_owned();
            return pieces.fold(first, |text, piece| match piece.split_once('}') {
                Some((name, rest)) => text + &self.reference(name) + rest,
                None => text + piece,
            });
        }
        let target = value["Ref"].as_str().or_else(|| value["Fn::GetAtt"].as_str());
        let target = target.or_else(|| value["Fn::GetAtt"][0].as_str());
        target.map_or_else(|| "*".into(), |target| self.reference(target))
    }

    /// What `Ref`, `Fn::GetAtt` or `${…}` gives, as far as it is part of a name.
    fn reference(&self, name: &str) -> String {
        match name {
            "AWS::AccountId" => self.target.account.unwrap_or("*").to_owned(),
            "AWS::Region" => self.target.region.unwrap_or("*").to_owned(),
            "AWS::StackName" => self.target.stack.to_owned(),
            "AWS::Partition" => self.partition().to_owned(),
            name => self.name_of(name.split_once('.').map_or(name, |(logical_id, _)| logical_id)),
        }
    }

    fn partition(&self) -> &'static str {
        match self.target.region.unwrap_or_default() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// Whether the service is the type's own: `AWS::StepFunctions::StateMachine` and `states`.
fn is_own(type_name: &str, service: &str) -> bool {
    let name = match service {
        "states" => "StepFunctions",
        "firehose" => "KinesisFirehose",
        service => service,
    };
    type_name.split("::").nth(1).is_some_and(|own| own.eq_ignore_ascii_case(name))
}
