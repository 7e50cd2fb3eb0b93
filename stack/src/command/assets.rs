//! The functions' packages on their way to the assets bucket.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use deployment::{Asset, AssetStore, Upload, UploadProgress};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, Result};
use stack::pipeline::parameter;

use super::package::Packages;

/// What the template's parameters are with these packages in `bucket`.
pub fn parameters(bucket: &str, packages: &Packages) -> BTreeMap<String, String> {
    let parameters = [
        (parameter::ASSETS_BUCKET, bucket.to_owned()),
        (parameter::ORCHESTRATOR_KEY, asset(&packages.orchestrator).key()),
        (parameter::PROCESSOR_KEY, asset(&packages.processor).key()),
    ];
    parameters.map(|(name, value)| (name.to_owned(), value)).into()
}

fn asset(package: &packaging::Package) -> Asset {
    Asset { path: package.path.clone(), sha256: package.sha256.clone() }
}

/// Uploads the packages that the bucket has not, telling on standard error how far it is.
pub async fn upload(store: &AssetStore, packages: &Packages) -> Result<Vec<Upload>> {
    let assets = [&packages.orchestrator, &packages.processor].map(asset);
    let style = "uploading {bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style).into_diagnostic()?);
    let progress = Progress { bar, sent: Mutex::default() };
    let uploads = store.upload_all(&assets, |step| progress.show(&step)).await;
    progress.bar.finish_and_clear();
    uploads.into_diagnostic()
}

/// One bar for all packages. Where there is no terminal it is hidden, and lines say what begins.
struct Progress {
    bar: ProgressBar,
    /// Bytes by package.
    sent: Mutex<BTreeMap<String, u64>>,
}

impl Progress {
    fn show(&self, step: &UploadProgress<'_>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.insert(step.asset.key(), step.sent_bytes).is_none() {
            self.bar.inc_length(step.total_bytes);
            self.bar.suspend(|| eprintln!("{}", begins(step)));
        }
        self.bar.set_position(sent.values().sum());
    }
}

fn begins(UploadProgress { asset, stored_bytes, total_bytes, .. }: &UploadProgress<'_>) -> String {
    let name = asset.path.file_name().unwrap_or_default().to_string_lossy();
    let resumed = match stored_bytes {
        0 => String::new(),
        bytes => format!(", {} of it from an interrupted upload", HumanBytes(*bytes)),
    };
    format!("uploading {name}: {}{resumed}", HumanBytes(*total_bytes))
}
