//! Changes of watched files, one after another, however many there are at once.

use std::time::{Duration, Instant};

use miette::{Context, IntoDiagnostic, Result};
use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::sources::{Change, Sources};

/// How long nothing must change before a change is taken for complete: editors write a file in several steps, and
/// several files one after the other.
const QUIET: Duration = Duration::from_millis(200);

/// A change, and when it began.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// What it asks for.
    pub change: Change,
    /// When its first file changed.
    pub at: Instant,
}

/// The changes since the watch began. Those that come while nobody waits are kept.
pub struct Changes {
    receiver: UnboundedReceiver<Seen>,
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Begins to watch.
    pub fn watch(sources: Sources) -> Result<Self> {
        let (sender, receiver) = unbounded_channel();
        let folders = sources.folders()?;
        let mut watcher = notify::recommended_watcher(move |event| tell(&sources, event, &sender))
            .into_diagnostic()
            .wrap_err("cannot watch files")?;
        for (folder, mode) in folders {
            let named = || format!("cannot watch {}", folder.display());
            watcher.watch(&folder, mode).into_diagnostic().wrap_err_with(named)?;
        }
        Ok(Self { receiver, _watcher: Some(watcher) })
    }

    /// Waits for a change, and until it is complete. None when files are watched no more.
    pub async fn next(&mut self) -> Option<Seen> {
        let mut seen = self.receiver.recv().await?;
        while let Ok(Some(more)) = timeout(QUIET, self.receiver.recv()).await {
            seen.change = seen.change.max(more.change);
        }
        Some(seen)
    }

    /// What the changes that nobody has waited for ask for, if there are any. They are forgotten.
    pub fn take(&mut self) -> Option<Change> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).map(|seen| seen.change).max()
    }
}

/// Sends on what an event asks for. Where the system has lost events, everything may have changed.
fn tell(sources: &Sources, event: notify::Result<Event>, sender: &UnboundedSender<Seen>) {
    let change = match event {
        Ok(event) if event.need_rescan() => Some(Change::Definition),
        Ok(event) if changes_content(event.kind) => event.paths.iter().filter_map(|path| sources.change(path)).max(),
        Ok(_) => None,
        Err(error) => {
            eprintln!("watching files: {error}");
            Some(Change::Definition)
        }
    };
    if let Some(change) = change {
        // Nobody listens any more when the program ends.
        let _ = sender.send(Seen { change, at: Instant::now() });
    }
}

/// Whether a file may hold something else now: a build reads files, and need not be told of that.
fn changes_content(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)))
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, MetadataKind, RenameMode};

    use super::*;

    fn channel() -> (UnboundedSender<Seen>, Changes) {
        let (sender, receiver) = unbounded_channel();
        (sender, Changes { receiver, _watcher: None })
    }

    fn seen(change: Change) -> Seen {
        Seen { change, at: Instant::now() }
    }

    #[tokio::test]
    async fn changes_at_once_are_one_which_asks_for_the_most() {
        let (sender, mut changes) = channel();
        let first = seen(Change::Packages);
        for seen in [first, seen(Change::Definition), seen(Change::Packages)] {
            sender.send(seen).unwrap();
        }
        let found = changes.next().await.unwrap();
        assert_eq!((found.change, found.at), (Change::Definition, first.at));
        drop(sender);
        assert!(changes.next().await.is_none());
    }

    #[tokio::test]
    async fn a_change_while_nobody_waits_is_kept() {
        let (sender, mut changes) = channel();
        sender.send(seen(Change::Definition)).unwrap();
        changes.next().await.unwrap();
        sender.send(seen(Change::Packages)).unwrap();
        assert_eq!(changes.next().await.unwrap().change, Change::Packages);
        sender.send(seen(Change::Packages)).unwrap();
        assert_eq!((changes.take(), changes.take()), (Some(Change::Packages), None));
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_by_renaming_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (contract, aside) = (folder.path().join("contract.yaml"), folder.path().join("contract.yaml.tmp"));
        std::fs::write(&contract, "before").unwrap();
        let sources = Sources::find(&contract, &contract).unwrap();
        let mut changes = Changes::watch(sources).unwrap();
        std::fs::write(&aside, "after").unwrap();
        std::fs::rename(&aside, &contract).unwrap();
        assert_eq!(changes.next().await.unwrap().change, Change::Packages);
    }

    #[test]
    fn only_content_counts() {
        for kind in [
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Data(DataChange::Any)),
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
        ] {
            assert!(changes_content(kind), "{kind:?}");
        }
        for kind in
            [EventKind::Access(AccessKind::Read), EventKind::Modify(ModifyKind::Metadata(MetadataKind::Permissions))]
        {
            assert!(!changes_content(kind), "{kind:?}");
        }
    }

    #[test]
    fn lost_events_ask_for_everything() {
        let (sender, mut changes) = channel();
        let sources = Sources::default();
        let event = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        tell(&sources, Ok(event), &sender);
        assert_eq!(changes.take(), Some(Change::Definition));
    }
}
