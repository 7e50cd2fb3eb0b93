//! What each environment synthesises. `cargo insta review`, or `INSTA_UPDATE=always`, takes a change on.

#![allow(clippy::unwrap_used)]

use cloudformation::deploy_role::{self, Target};
use stack::pipeline::{Settings, definition, template};

fn check(environment: &str) {
    let settings = Settings::carried(environment).unwrap();
    let mut insta = insta::Settings::clone_current();
    insta.set_snapshot_path("../snapshots");
    insta.set_prepend_module_to_snapshot(false);
    // A source line moves with every edit above it; which file made a resource does not.
    insta.add_filter(r"(Source: .*\.rs):\d+", "$1:LINE");
    insta.bind(|| {
        insta::assert_snapshot!(format!("{environment}.template.yaml"), template(&settings).unwrap().to_yaml());
        insta::assert_snapshot!(format!("{environment}.asl.json"), definition(&settings).unwrap());
    });
}

#[test]
fn development() {
    check("development");
}

#[test]
fn production() {
    check("production");
}

#[test]
fn deploy_role() {
    let settings = Settings::carried("production").unwrap();
    let stack = settings.stack_name();
    let target =
        Target { stack: &stack, assets_stack: deployment::ASSETS_STACK, region: None, account: None, extras: &[] };
    let role = deploy_role::deploy_role(template(&settings).unwrap().as_json(), &target);
    assert!(role.unknown.is_empty(), "{:?}", role.unknown);
    let mut insta = insta::Settings::clone_current();
    insta.set_snapshot_path("../snapshots");
    insta.set_prepend_module_to_snapshot(false);
    let documents: String = role.documents.iter().map(|document| format!("{document:#}\n")).collect();
    insta.bind(|| insta::assert_snapshot!("production.deploy-role.json", documents));
}

#[test]
fn synthesis_is_pure() {
    let settings = Settings::carried("production").unwrap();
    assert_eq!(template(&settings).unwrap().to_json(), template(&settings).unwrap().to_json());
}
