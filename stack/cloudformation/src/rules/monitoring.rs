//! What watches: alarms and log groups.

use super::reader::Resource;
use super::{Report, Rule};
use crate::access::many;

pub(super) fn check(resource: Resource<'_>, report: &mut Report) {
    match resource.type_name {
        "AWS::CloudWatch::Alarm" => {
            check_action(resource, report);
            if !resource.has("TreatMissingData") {
                let message = "no data is often the fault itself; set TreatMissingData";
                report.add(Rule::AlarmMissingDataUnsaid, resource, "Properties/TreatMissingData", message);
            }
        }
        "AWS::CloudWatch::CompositeAlarm" => check_action(resource, report),
        "AWS::Logs::LogGroup" if !resource.has("RetentionInDays") => {
            let message = "events are kept, and paid for, for ever; set RetentionInDays";
            report.add(Rule::LogGroupWithoutRetention, resource, "Properties/RetentionInDays", message);
        }
        _ => {}
    }
}

fn check_action(alarm: Resource<'_>, report: &mut Report) {
    let acts = alarm.holds("AlarmActions", |actions| !many(actions).is_empty());
    if !acts || !alarm.holds("ActionsEnabled", |enabled| enabled != false) {
        let message = "nobody hears it; set AlarmActions, and leave ActionsEnabled out";
        report.add(Rule::AlarmWithoutAction, alarm, "Properties/AlarmActions", message);
    }
}
