//! The deployment engine on the emulator, with stacks small enough to be made in a second, and the program with the pipeline.
//! What the emulator cannot show is played from a script: `stack/deployment/tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod assets;
mod destroy;
mod drift;
mod first_deploy;
mod functions;
mod hotswap;
mod import;
mod logs;
mod plan;
mod program;
mod recover;
mod refactor;

use deployment::Connection;
use local::{Emulator, Options};
use tests::workspace;

/// An emulator and a connection to it. The emulator ends when it is dropped.
async fn emulator() -> (Emulator, Connection) {
    let options = Options { port: 0, ..Options::in_folder(workspace().join("target").join("emulator")) };
    let emulator = Emulator::start(&options).await.unwrap();
    let connection = Connection::with_config(emulator.sdk_config()).await.unwrap();
    (emulator, connection)
}
