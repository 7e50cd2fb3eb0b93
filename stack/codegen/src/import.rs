//! From the published packages to the committed inputs: reads full schemas, adds what the CDK's service specification
//! knows of references and statefulness, and writes the trimmed result.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use indexmap::IndexMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::schema::{Node, Schema};

/// The resource types to generate.
const TYPES: &[&str] = &[
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Athena::NamedQuery",
    "AWS::Athena::WorkGroup",
    "AWS::CloudFront::Distribution",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeBuild::Project",
    "AWS::CodePipeline::Pipeline",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Pipes::Pipe",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
];

/// Trims the schemas of `TYPES` from `resources`, cfn-lint's folder `data/schemas/resources`, with the references of
/// `specification`, the CDK's `db.json.gz`, into `target`. Returns the SHA-256 of the specification and of the schemas
/// together, to be recorded.
///
/// # Errors
/// When a file cannot be read or is not what it should be, or a wanted type is missing.
pub fn import(resources: &Path, specification: &Path, target: &Path) -> Result<[String; 2], Error> {
    let (compressed, specification) = Specification::read(specification)?;
    let mut schemas = read_schemas(resources)?;
    let mut digest = Sha256::new();
    fs::create_dir_all(target).map_err(|source| Error::File { path: target.into(), source })?;
    for &type_name in TYPES {
        let missing = || Error::NoSchema { type_name: type_name.to_owned(), path: resources.into() };
        let (text, mut schema) = schemas.remove(type_name).ok_or_else(missing)?;
        digest.update(&text);
        schema.properties.values_mut().chain(schema.definitions.values_mut()).for_each(Node::straighten);
        specification.complete(&mut schema)?;
        let path = target.join(file_name(type_name));
        let mut text =
            serde_json::to_string_pretty(&schema).map_err(|source| Error::Parse { path: path.clone(), source })?;
        text.push('\n');
        fs::write(&path, text).map_err(|source| Error::File { path, source })?;
    }
    Ok([compressed, hex::encode(digest.finalize())])
}

/// `AWS::S3::Bucket` is kept in `aws-s3-bucket.json`, as AWS names the files that it publishes.
fn file_name(type_name: &str) -> String {
    format!("{}.json", type_name.to_lowercase().replace("::", "-"))
}

/// The wanted schemas of a folder by type name. The files are named by hash, so each is looked into.
fn read_schemas(folder: &Path) -> Result<BTreeMap<String, (Vec<u8>, Schema)>, Error> {
    let failed = |source| Error::File { path: folder.into(), source };
    let mut schemas = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        let schema: Schema = serde_json::from_slice(&text).map_err(|source| Error::Parse { path, source })?;
        if TYPES.contains(&schema.type_name.as_str()) {
            schemas.insert(schema.type_name.clone(), (text, schema));
        }
    }
    Ok(schemas)
}

/// The CDK's service specification: a database of entities, of which two kinds are needed.
struct Specification {
    resources: BTreeMap<String, Value>,
    definitions: BTreeMap<String, Value>,
}

impl Specification {
    /// The SHA-256 of the file, and what it says.
    fn read(path: &Path) -> Result<(String, Self), Error> {
        let failed = |source| Error::File { path: path.into(), source };
        let compressed = fs::read(path).map_err(failed)?;
        let mut text = Vec::new();
        GzDecoder::new(compressed.as_slice()).read_to_end(&mut text).map_err(failed)?;
        let database: Value =
            serde_json::from_slice(&text).map_err(|source| Error::Parse { path: path.into(), source })?;
        let entities = |kind: &str, key: &str| {
            let what = || Error::NoSpecification { path: path.into(), what: format!("schema.{kind}.entities") };
            let entities = database["schema"][kind]["entities"].as_array().ok_or_else(what)?;
            Ok(entities.iter().filter_map(|entity| Some((entity[key].as_str()?.to_owned(), entity.clone()))).collect())
        };
        let resources = entities("resource", "cloudFormationType")?;
        let definitions = entities("typeDefinition", "$id")?;
        Ok((hex::encode(Sha256::digest(&compressed)), Self { resources, definitions }))
    }

    /// Adds what this knows of the schema's type.
    fn complete(&self, schema: &mut Schema) -> Result<(), Error> {
        let Some(resource) = self.resources.get(&schema.type_name) else {
            return Err(Error::NoSpecification { path: "db.json.gz".into(), what: schema.type_name.clone() });
        };
        schema.stateful = resource["isStateful"].as_bool().unwrap_or(false);
        schema.ref_identifier = strings(&resource["cfnRefIdentifier"]);
        for (name, property) in resource["properties"].as_object().into_iter().flatten() {
            let pointer = format!("/properties/{name}");
            let known = schema.create_only_properties.iter().chain(&schema.conditional_create_only_properties);
            if property["causesReplacement"] == "yes" && !known.into_iter().any(|known| *known == pointer) {
                schema.create_only_properties.push(pointer);
            }
        }
        let mut definitions = std::mem::take(&mut schema.definitions);
        let mut pending = Vec::new();
        self.refer(&mut schema.properties, &resource["properties"], &mut pending);
        let mut seen = BTreeSet::new();
        while let Some((name, id)) = pending.pop() {
            if let (true, Some(node), Some(entity)) =
                (seen.insert(name.clone()), definitions.get_mut(&name), self.definitions.get(&id))
            {
                self.refer(&mut node.properties, &entity["properties"], &mut pending);
            }
        }
        schema.definitions = definitions;
        Ok(())
    }

    /// Notes what the properties refer to, and which definitions, by the schema's name and the specification's
    /// identifier, are still to be looked at.
    fn refer(&self, nodes: &mut IndexMap<String, Node>, properties: &Value, pending: &mut Vec<(String, String)>) {
        for (name, node) in nodes {
            let property = &properties[name.as_str()];
            node.refers_to = property["relationshipRefs"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|to| {
                    Some(format!("{}.{}", to["cloudFormationType"].as_str()?, to["propertyName"].as_str()?))
                })
                .collect();
            let (mut node, mut kind) = (&*node, &property["type"]);
            while let Some(item) = node.items.as_deref().or(node.entries()) {
                (node, kind) = (item, &kind["element"]);
            }
            if let (Some(definition), Some(id)) = (node.definition(), kind["reference"]["$ref"].as_str()) {
                pending.push((definition.to_owned(), id.to_owned()));
            }
        }
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
