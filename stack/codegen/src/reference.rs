//! Which texts mean something: the ARN, name, identifier or URL of a resource.
//!
//! A property is typed where the published relationships give it exactly one meaning. The tables here mend what they
//! lack or have wrong; each line has its reason.

use std::collections::BTreeMap;

use crate::schema::{Node, Schema};

/// A text's meaning: `kind` of the resource `type_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) kind: Kind,
    pub(crate) type_name: String,
}

/// Which of a resource's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Arn,
    Name,
    Id,
    Url,
}

impl Kind {
    /// The Rust type's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Arn => "Arn",
            Self::Name => "Name",
            Self::Id => "Id",
            Self::Url => "Url",
        }
    }
}

/// What properties mean, where the relationships published say nothing or say it wrongly; the empty text is "anything".
/// By resource type and `structure.property`, or only the property at the top.
const PROPERTIES: &[(&str, &str, &str)] = &[
    // A function's URL, or an ARN of several kinds of service.
    ("AWS::ApiGatewayV2::Api", "Target", ""),
    ("AWS::ApiGatewayV2::Integration", "IntegrationUri", ""),
    // `integrations/` and the identifier.
    ("AWS::ApiGatewayV2::Route", "Target", ""),
    // Topics, but also functions, EC2 and Systems Manager actions.
    ("AWS::CloudWatch::Alarm", "InsufficientDataActions", ""),
    ("AWS::CloudWatch::Alarm", "OKActions", ""),
    ("AWS::CloudWatch::CompositeAlarm", "AlarmActions", ""),
    ("AWS::CloudWatch::CompositeAlarm", "OKActions", ""),
    ("AWS::Events::EventBus", "DeadLetterConfig.Arn", "AWS::SQS::Queue.Arn"),
    // Its own name.
    ("AWS::Glue::Database", "DatabaseInput.Name", ""),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", ""),
    ("AWS::Logs::LogGroup", "LogGroupName", ""),
    ("AWS::IAM::Policy", "Roles", "AWS::IAM::Role.RoleName"),
    // The ARN of an alias serves as well.
    ("AWS::Lambda::EventInvokeConfig", "Qualifier", ""),
    ("AWS::Lambda::Url", "TargetFunctionArn", ""),
    // The function that the URL calls.
    ("AWS::Lambda::Url", "FunctionArn", "AWS::Lambda::Function.Arn"),
    // A state machine, an API or an API destination serve as well.
    ("AWS::Pipes::Pipe", "Enrichment", ""),
    ("AWS::SNS::TopicPolicy", "Topics", "AWS::SNS::Topic.TopicArn"),
    ("AWS::SQS::Queue", "RedrivePolicy.deadLetterTargetArn", "AWS::SQS::Queue.Arn"),
    ("AWS::SQS::QueuePolicy", "Queues", "AWS::SQS::Queue.QueueUrl"),
];

/// What `Ref` gives where it is neither the primary identifier nor what the service specification has. The page of each
/// is `docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/` and the file named, section "Return values".
const REFERENCES: &[(&str, Option<&str>)] = &[
    // aws-resource-glue-table.html: the table's name, without catalogue and database.
    ("AWS::Glue::Table", Some("AWS::Glue::Table.Name")),
    // aws-resource-iam-policy.html, aws-resource-sns-topicpolicy.html, aws-resource-sqs-queuepolicy.html: a name that
    // CloudFormation made, of use to nothing else.
    ("AWS::IAM::Policy", None),
    ("AWS::SNS::TopicPolicy", None),
    ("AWS::SQS::QueuePolicy", None),
];

/// The meanings that the generated types give to one another's texts.
pub(crate) struct Meanings<'a> {
    schemas: BTreeMap<&'a str, &'a Schema>,
}

impl<'a> Meanings<'a> {
    pub(crate) fn new(schemas: &'a [Schema]) -> Self {
        Self { schemas: schemas.iter().map(|schema| (schema.type_name.as_str(), schema)).collect() }
    }

    /// What a property's text, or each of its texts, means; `path` is as in [`PROPERTIES`].
    pub(crate) fn of_property(&self, schema: &Schema, path: &str, node: &Node) -> Option<Meaning> {
        if let Some(to) = mended(schema, path) {
            return self.parse(to);
        }
        let to = match node.refers_to.as_slice() {
            [] => node.format.as_deref()?,
            [one] => one,
            _ => return None,
        };
        let names_itself = schema.primary_identifier.iter().any(|pointer| *pointer == format!("/properties/{path}"));
        let is_own = to.rsplit_once('.').is_some_and(|(type_name, _)| type_name == schema.type_name);
        if names_itself && is_own { None } else { self.parse(to) }
    }

    /// What an attribute's value means.
    pub(crate) fn of_attribute(&self, schema: &Schema, name: &str) -> Option<Meaning> {
        match mended(schema, name).and_then(|to| self.parse(to)) {
            Some(meaning) => Some(meaning),
            None => Some(Meaning { kind: kind(schema, name)?, type_name: schema.type_name.clone() }),
        }
    }

    /// What `Ref` means.
    pub(crate) fn of_reference(&self, schema: &Schema) -> Option<Meaning> {
        if let Some((_, to)) = REFERENCES.iter().find(|(of, _)| *of == schema.type_name) {
            return self.parse((*to)?);
        }
        let name = match (schema.ref_identifier.as_slice(), schema.primary_identifier.as_slice()) {
            ([name], _) => name,
            ([], [pointer]) => pointer.strip_prefix("/properties/")?,
            _ => return None,
        };
        self.of_attribute(schema, name).or_else(|| self.of_property(schema, name, schema.properties.get(name)?))
    }

    /// `AWS::IAM::Role.Arn` as a meaning, where the type is one that is generated.
    fn parse(&self, to: &str) -> Option<Meaning> {
        let (type_name, name) = to.rsplit_once('.')?;
        let schema = self.schemas.get(type_name)?;
        match (name, kind(schema, name)) {
            // How the service specification spells the value of `Ref` where it is no property.
            ("Id", None) => self.of_reference(schema),
            ("Arn", None) => Some(Meaning { kind: Kind::Arn, type_name: type_name.to_owned() }),
            ("Name", None) => Some(Meaning { kind: Kind::Name, type_name: type_name.to_owned() }),
            (_, kind) => Some(Meaning { kind: kind?, type_name: type_name.to_owned() }),
        }
    }
}

/// What [`PROPERTIES`] has for a property.
fn mended(schema: &Schema, path: &str) -> Option<&'static str> {
    PROPERTIES.iter().find(|(of, at, _)| *of == schema.type_name && *at == path).map(|(.., to)| *to)
}

/// Which of the resource's texts a property is: its identifier, or what is called so. `StreamArn` of a table is not the
/// table's ARN, nor `DomainName` of a bucket the bucket's name.
fn kind(schema: &Schema, name: &str) -> Option<Kind> {
    let resource = schema.type_name.rsplit("::").next()?;
    let identifies = |pointers: &[String], name: &str| matches!(pointers, [one] if one.strip_prefix("/properties/").unwrap_or(one) == name);
    let own = name.strip_prefix(resource).unwrap_or(name);
    let suffix = match own {
        "Arn" | "Name" | "Id" | "Url" => own,
        _ if identifies(&schema.primary_identifier, name) || identifies(&schema.ref_identifier, name) => name,
        _ => return None,
    };
    [Kind::Arn, Kind::Name, Kind::Id, Kind::Url]
        .into_iter()
        .find(|kind| suffix.ends_with(kind.as_str()))
        .filter(|_| schema.properties.contains_key(name))
}
