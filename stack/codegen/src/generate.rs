//! The generated files as a whole: writing them, and telling whether those there are the ones that would be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use similar::TextDiff;

use crate::error::Error;
use crate::model::Resource;
use crate::reference::Meanings;
use crate::render;
use crate::schema::Schema;

/// How much of a difference is shown, in lines.
const SHOWN: usize = 40;

/// Writes what the schemas mean into the folder `generated`, and removes what they no longer mean.
///
/// # Errors
/// When a schema cannot be read or means something that Rust cannot say, or a file cannot be written.
pub fn write(schemas: &Path, generated: &Path) -> Result<(), Error> {
    let files = files(schemas)?;
    fs::create_dir_all(generated).map_err(|source| Error::File { path: generated.into(), source })?;
    for (name, _) in read(generated)?.iter().filter(|(name, _)| !files.contains_key(*name)) {
        let path = generated.join(name);
        fs::remove_file(&path).map_err(|source| Error::File { path, source })?;
    }
    for (name, text) in files {
        let path = generated.join(name);
        fs::write(&path, text).map_err(|source| Error::File { path, source })?;
    }
    Ok(())
}

/// Compares what the schemas mean with the folder `generated`.
///
/// # Errors
/// [`Error::Stale`] with the beginning of the difference when they differ; else as [`write()`].
pub fn check(schemas: &Path, generated: &Path) -> Result<(), Error> {
    let (fresh, committed) = (files(schemas)?, read(generated)?);
    let nothing = String::new();
    let mut difference = String::new();
    for name in fresh.keys().chain(committed.keys().filter(|name| !fresh.contains_key(*name))) {
        let (old, new) = (committed.get(name).unwrap_or(&nothing), fresh.get(name).unwrap_or(&nothing));
        if old != new {
            let (before, after) = (format!("{name} (committed)"), format!("{name} (fresh)"));
            let diff = TextDiff::from_lines(old, new);
            difference.push_str(&diff.unified_diff().header(&before, &after).to_string());
        }
    }
    if difference.is_empty() {
        return Ok(());
    }
    Err(Error::Stale(difference.lines().take(SHOWN).collect::<Vec<_>>().join("\n")))
}

/// The generated files by name.
fn files(schemas: &Path) -> Result<BTreeMap<String, String>, Error> {
    render(&read_schemas(schemas)?)
}

fn read_schemas(folder: &Path) -> Result<Vec<Schema>, Error> {
    read(folder)?
        .into_iter()
        .filter(|(name, _)| name.starts_with("aws-"))
        .map(|(name, text)| {
            serde_json::from_str(&text).map_err(|source| Error::Parse { path: folder.join(name), source })
        })
        .collect()
}

fn render(schemas: &[Schema]) -> Result<BTreeMap<String, String>, Error> {
    let meanings = Meanings::new(schemas);
    let mut services: BTreeMap<String, Vec<Resource<'_>>> = BTreeMap::new();
    for schema in schemas {
        services.entry(render::module(&schema.type_name)).or_default().push(Resource::new(schema, &meanings)?);
    }
    let mut files = BTreeMap::new();
    for (service, resources) in &services {
        files.insert(format!("{service}.rs"), render::service(resources));
    }
    files.insert("mod.rs".to_owned(), render::root(&services));
    Ok(files)
}

/// The files of a folder by name.
fn read(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = |source| Error::File { path: folder.into(), source };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let text = fs::read_to_string(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, text);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_committed_code_is_what_the_schemas_mean() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = super::check(&here.join("schemas"), &here.join("../cloudformation/src/generated")) {
            panic!("{error}");
        }
    }

    /// Generates code for a `Test::Service::Thing` with these parts of a schema, beside the committed types, and looks
    /// for lines in it, indented as they may be. A line that begins with `!` is one that must not be there.
    #[track_caller]
    fn check(parts: Value, lines: &[&str]) {
        let mut schemas = read_schemas(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")).unwrap();
        let mut schema: Schema = serde_json::from_value(parts).unwrap();
        schema.type_name = "Test::Service::Thing".to_owned();
        schemas.push(schema);
        let text = &render(&schemas).unwrap()["service.rs"];
        for line in lines {
            let (wanted, line) = line.strip_prefix('!').map_or((true, *line), |line| (false, line));
            assert_eq!(text.lines().any(|one| one.trim() == line), wanted, "{line}\n{text}");
        }
    }

    #[test]
    fn types_follow_the_schema() {
        let properties = json!({
            "Size": { "type": "integer", "minimum": 128, "maximum": 1024 },
            "Names": { "type": "array", "items": { "type": "string" }, "maxItems": 5 },
            "Policy": { "type": ["object", "string"] },
            "Labels": { "type": "object", "patternProperties": { ".*": { "type": "string" } } },
            "Rate": { "type": "number" },
        });
        check(
            json!({ "properties": properties, "required": ["Size"], "createOnlyProperties": ["/properties/Names"] }),
            &[
                "/// `Size`. 128 to 1024.",
                "size \"Size\": i64,",
                "/// `Names`. Up to 5 items. A change replaces the resource.",
                "names \"Names\": Vec<String>,",
                "policy \"Policy\": Json,",
                "labels \"Labels\": BTreeMap<String, String>,",
                "rate \"Rate\": f64,",
                "Constraint { path: \"Size\", rule: Rule::Range { minimum: Some(128.0), maximum: Some(1024.0) } },",
            ],
        );
    }

    #[test]
    fn a_text_with_one_meaning_is_typed_and_one_with_several_is_not() {
        let properties = json!({
            "Role": { "type": "string", "refersTo": ["AWS::IAM::Role.Arn"] },
            "Topics": { "type": "array", "items": { "type": "string" }, "refersTo": ["AWS::SNS::Topic.TopicArn"] },
            "Queue": { "type": "string", "refersTo": ["AWS::SQS::Queue.QueueUrl"] },
            "Key": { "type": "string", "refersTo": ["AWS::KMS::Key.Arn", "AWS::KMS::Key.KeyId"] },
            "Stream": { "type": "string", "refersTo": ["AWS::DynamoDB::Table.StreamArn"] },
            "Elsewhere": { "type": "string", "refersTo": ["AWS::EC2::VPC.Id"] },
        });
        check(
            json!({ "properties": properties }),
            &[
                "role \"Role\": Arn<crate::iam::Role>,",
                "topics \"Topics\": Vec<Arn<crate::sns::Topic>>,",
                "queue \"Queue\": crate::value::Url<crate::sqs::Queue>,",
                "key \"Key\": String,",
                "stream \"Stream\": String,",
                "elsewhere \"Elsewhere\": String,",
            ],
        );
    }

    #[test]
    fn what_only_aws_sets_is_an_attribute_and_no_property() {
        let status =
            json!({ "type": "object", "properties": { "Url": { "type": "string" }, "Mode": { "type": "string" } } });
        check(
            json!({
                "properties": {
                    "Arn": { "type": "string" }, "ThingId": { "type": "string" }, "Status": { "$ref": "#/definitions/Status" },
                },
                "definitions": { "Status": status },
                "readOnlyProperties": ["/properties/Arn", "/properties/ThingId", "/properties/Status/Url"],
                "primaryIdentifier": ["/properties/ThingId"],
            }),
            &[
                "arn \"Arn\": Arn<crate::service::Thing>,",
                "thing_id \"ThingId\": Id<crate::service::Thing>,",
                "status_url \"Status.Url\": String,",
                "reference Id<crate::service::Thing>,",
                "mode \"Mode\": String,",
                "!url \"Url\": String,",
            ],
        );
    }

    #[test]
    fn enumerations_are_told_apart_where_they_differ() {
        let structure = |values: Value| {
            json!({ "type": "object", "properties": {
            "Type": { "type": "string", "enum": ["A"] }, "LogLevel": { "type": "string", "enum": values },
        } })
        };
        let check_names = |first: Value, second: Value, lines: &[&str]| {
            check(
                json!({
                    "properties": { "One": { "$ref": "#/definitions/One" }, "Two": { "$ref": "#/definitions/Two" } },
                    "definitions": { "One": structure(first), "Two": structure(second) },
                }),
                lines,
            );
        };
        let own = ["log_level \"LogLevel\": OneLogLevel,", "log_level \"LogLevel\": TwoLogLevel,"];
        check_names(json!(["DEBUG"]), json!(["INFO"]), &own);
        check_names(
            json!(["DEBUG"]),
            json!(["DEBUG"]),
            &["log_level \"LogLevel\": LogLevel,", "r#type \"Type\": OneType,"],
        );
    }

    #[test]
    fn a_structure_may_contain_itself() {
        let tree = json!({ "type": "object", "properties": {
            "Name": { "type": "string", "maxLength": 8 },
            "Children": { "type": "array", "items": { "$ref": "#/definitions/Tree" } },
        } });
        check(
            json!({ "properties": { "Root": { "$ref": "#/definitions/Tree" } }, "definitions": { "Tree": tree } }),
            &[
                "children \"Children\": Vec<Tree>,",
                "Constraint { path: \"Root/Children/*/Name\", rule: Rule::Length { minimum: None, maximum: Some(8) } },",
            ],
        );
    }
}
