//! What a template's expressions come to in a deployed stack.
//!
//! CloudFormation does this for a deployment; a hot-swap goes past it. Known are parameters, pseudo parameters, and of
//! resources the physical id and, for some types, the ARN. What is not known is not guessed.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::{Resource, Stack};

/// What is known of a deployed stack.
pub(super) struct Known<'a> {
    template: &'a Json,
    parameters: &'a BTreeMap<String, String>,
    stack_id: &'a str,
    stack_name: &'a str,
    resources: BTreeMap<&'a str, &'a Resource>,
}

impl<'a> Known<'a> {
    pub(super) fn new(
        stack: &'a Stack,
        template: &'a Json,
        parameters: &'a BTreeMap<String, String>,
        resources: &'a [Resource],
    ) -> Self {
        let resources = resources.iter().map(|resource| (resource.logical_id.as_str(), resource)).collect();
        Self { template, parameters, stack_id: &stack.id, stack_name: &stack.name, resources }
    }

    /// `value` with every expression replaced by what it comes to; none where one is not known.
    pub(super) fn resolve(&self, value: &Json) -> Option<Json> {
        match value {
            Json::Object(object) => match intrinsic(object) {
                Some((name, argument)) => self.intrinsic(name, argument).map(Json::String),
                None => {
                    let members = object.iter().map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
                    members.collect::<Option<Map<_, _>>>().map(Json::Object)
                }
            },
            Json::Array(values) => {
                values.iter().map(|value| self.resolve(value)).collect::<Option<_>>().map(Json::Array)
            }
            literal => Some(literal.clone()),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Json) -> Option<String> {
        match name {
            "Ref" => self.reference(argument.as_str()?),
            "Fn::GetAtt" => match argument.as_array().map(Vec::as_slice) {
                Some([resource, attribute]) => self.attribute(resource.as_str()?, attribute.as_str()?),
                Some(_) => None,
                None => argument.as_str()?.split_once('.').and_then(|(id, attribute)| self.attribute(id, attribute)),
            },
            "Fn::Join" => {
                let parts: Vec<Json> = self.resolve(argument.get(1)?)?.as_array()?.clone();
                let parts: Option<Vec<&str>> = parts.iter().map(Json::as_str).collect();
                Some(parts?.join(argument.get(0)?.as_str()?))
            }
            "Fn::Sub" => match argument.as_array().map(Vec::as_slice) {
                Some([text, names]) => self.substitute(text.as_str()?, names.as_object()?),
                Some(_) => None,
                None => self.substitute(argument.as_str()?, &Map::new()),
            },
            _ => None,
        }
    }

    /// Fills in `${Name}`, `${Name.Attribute}` and the given names; `${!Name}` stands for `${Name}`.
    fn substitute(&self, text: &str, names: &Map<String, Json>) -> Option<String> {
        let mut pieces = text.split("${");
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}')?;
            let value = match (name.strip_prefix('!'), names.get(name), name.split_once('.')) {
                (Some(literal), ..) => format!("${{{literal}}}"),
                (None, Some(given), _) => self.resolve(given)?.as_str()?.to_owned(),
                (None, None, Some((id, attribute))) => self.attribute(id, attribute)?,
                (None, None, None) => self.reference(name)?,
            };
            filled.push_str(&value);
            filled.push_str(rest);
        }
        Some(filled)
    }

    fn reference(&self, name: &str) -> Option<String> {
        let parameter = || {
            let default = self.template["Parameters"].get(name)?.get("Default")?;
            Some(default.as_str().map_or_else(|| default.to_string(), str::to_owned))
        };
        let resource = || Some(self.resources.get(name)?.physical_id.clone());
        let known = self.parameters.get(name).cloned();
        known.or_else(parameter).or_else(resource).or_else(|| self.pseudo_parameter(name))
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
    fn pseudo_parameter(&self, name: &str) -> Option<String> {
        let [partition, region, account] = self.place()?;
        let value = match name {
            "AWS::StackName" => self.stack_name,
            "AWS::StackId" => self.stack_id,
            "AWS::Partition" => partition,
            "AWS::Region" => region,
            "AWS::AccountId" => account,
            "AWS::URLSuffix" if partition == "aws-cn" => "amazonaws.com.cn",
            "AWS::URLSuffix" => "amazonaws.com",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Option<String> {
        let resource = self.resources.get(logical_id)?;
        let id = &resource.physical_id;
        if attribute != "Arn" {
            return None;
        }
        let [partition, region, account] = self.place()?;
        let arn = |service: &str, name: String| Some(format!("arn:{partition}:{service}:{region}:{account}:{name}"));
        match resource.resource_type.as_str() {
            "AWS::Lambda::Function" => arn("lambda", format!("function:{id}")),
            "AWS::DynamoDB::Table" => arn("dynamodb", format!("table/{id}")),
            "AWS::Logs::LogGroup" => arn("logs", format!("log-group:{id}:*")),
            "AWS::S3::Bucket" => Some(format!("arn:{partition}:s3:::{id}")),
            "AWS::StepFunctions::StateMachine" => Some(id.clone()),
            _ => None,
        }
    }

    /// Partition, region and account, from the stack's ARN.
    fn place(&self) -> Option<[&str; 3]> {
        let mut parts = self.stack_id.split(':');
        Some([parts.nth(1)?, parts.nth(1)?, parts.next()?])
    }
}

/// The intrinsic function that an object is.
fn intrinsic(object: &Map<String, Json>) -> Option<(&str, &Json)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Status;

    fn resource(logical_id: &str, physical_id: &str, resource_type: &str) -> Resource {
        Resource {
            logical_id: logical_id.into(),
            physical_id: physical_id.into(),
            resource_type: resource_type.into(),
            status: Status::new("CREATE_COMPLETE"),
            reason: None,
        }
    }

    fn check(value: Json, expected: Option<&str>) {
        let template = json!({ "Parameters": { "Stage": { "Type": "String", "Default": "test" } } });
        let parameters = BTreeMap::from([("Key".to_owned(), "abc.zip".to_owned())]);
        let resources =
            [resource("Reader", "orders-reader", "AWS::Lambda::Function"), resource("Queue", "q", "AWS::SQS::Queue")];
        let known = Known {
            template: &template,
            parameters: &parameters,
            stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/orders/1",
            stack_name: "orders",
            resources: resources.iter().map(|resource| (resource.logical_id.as_str(), resource)).collect(),
        };
        assert_eq!(known.resolve(&value), expected.map(Json::from), "{value}");
    }

    #[test]
    fn what_is_known_is_filled_in() {
        check(json!({ "Ref": "Key" }), Some("abc.zip"));
        check(json!({ "Ref": "Stage" }), Some("test"));
        check(json!({ "Ref": "Reader" }), Some("orders-reader"));
        check(
            json!({ "Fn::GetAtt": ["Reader", "Arn"] }),
            Some("arn:aws:lambda:eu-west-1:123456789012:function:orders-reader"),
        );
        check(json!({ "Fn::Join": ["-", ["a", { "Ref": "AWS::Region" }]] }), Some("a-eu-west-1"));
        check(
            json!({ "Fn::Sub": "${AWS::AccountId}/${Reader}/${!Stage}" }),
            Some("123456789012/orders-reader/${Stage}"),
        );
        check(json!({ "Fn::Sub": ["${Own}-${Stage}", { "Own": { "Ref": "Key" } }] }), Some("abc.zip-test"));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        check(json!({ "Fn::GetAtt": ["Queue", "Arn"] }), None);
        check(json!({ "Ref": "Absent" }), None);
        check(json!({ "Fn::ImportValue": "other" }), None);
        check(json!({ "Fn::Sub": "${Queue.Arn}" }), None);
    }
}
