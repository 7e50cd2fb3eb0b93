//! The graph as a Mermaid flowchart, which GitHub and most Markdown readers draw.

use std::fmt::Write as _;

use super::trace::{Mark, Trace};
use super::{Graph, Machine, State};

impl Graph {
    /// The graph as a Mermaid flowchart, with the states and transitions of `trace` set off.
    pub fn mermaid(&self, trace: &Trace) -> String {
        let mut chart = Chart { text: "flowchart TD\n".to_owned(), links: 0, taken: Vec::new(), trace };
        chart.machine(&self.machine, "root", 1);
        chart.styles(&self.machine);
        chart.text
    }
}

struct Chart<'a> {
    text: String,
    /// Mermaid styles a link by its place among all.
    links: usize,
    taken: Vec<usize>,
    trace: &'a Trace,
}

impl Chart<'_> {
    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{:width$}{line}", "", width = depth * 4);
    }

    fn machine(&mut self, machine: &Machine, place: &str, depth: usize) {
        for state in &machine.states {
            self.state(state, depth);
        }
        if let Some(start) = machine.start.and_then(|start| machine.states.get(start)) {
            self.line(depth, &format!("{place}_start(( )) --> {}", id(start)));
            self.link(self.trace.mark(&start.name) != Mark::Missed);
        }
        for transition in &machine.transitions {
            let Some(from) = machine.states.get(transition.from) else { continue };
            let to = transition.to.and_then(|to| machine.states.get(to));
            let target = to.map_or_else(|| format!("{place}_end((( )))"), id);
            let arrow = if transition.is_catch { "-.->" } else { "-->" };
            let label =
                if transition.label.is_empty() { String::new() } else { format!("|{}|", quoted(&transition.label)) };
            self.line(depth, &format!("{} {arrow}{label} {target}", id(from)));
            self.link(self.trace.goes(&from.name, to.map(|to| to.name.as_str())));
        }
    }

    fn link(&mut self, is_taken: bool) {
        self.taken.extend(is_taken.then_some(self.links));
        self.links += 1;
    }

    fn state(&mut self, state: &State, depth: usize) {
        let (id, name) = (id(state), quoted(&state.name));
        if state.inside.is_empty() {
            let shape = match state.kind.as_str() {
                "Choice" => format!("{id}{{{name}}}"),
                "Succeed" | "Fail" => format!("{id}([{name}])"),
                "Wait" => format!("{id}[/{name}/]"),
                "Pass" => format!("{id}({name})"),
                _ => format!("{id}[{name}]"),
            };
            return self.line(depth, &shape);
        }
        self.line(depth, &format!("subgraph {id} [{name}]"));
        for (index, machine) in state.inside.iter().enumerate() {
            self.machine(machine, &format!("{id}_{index}"), depth + 1);
        }
        self.line(depth, "end");
    }

    fn styles(&mut self, machine: &Machine) {
        let mut marked = Vec::new();
        collect(machine, self.trace, &mut marked);
        self.line(1, "classDef passed stroke:#1a7f37,stroke-width:3px");
        self.line(1, "classDef stopped stroke:#cf222e,stroke-width:3px");
        for (mark, class) in [(Mark::Passed, "passed"), (Mark::Stopped, "stopped")] {
            let ids: Vec<&str> = marked.iter().filter(|(_, of)| *of == mark).map(|(id, _)| id.as_str()).collect();
            if !ids.is_empty() {
                self.line(1, &format!("class {} {class}", ids.join(",")));
            }
        }
        if !self.taken.is_empty() {
            let links: Vec<String> = self.taken.iter().map(ToString::to_string).collect();
            self.line(1, &format!("linkStyle {} stroke:#1a7f37,stroke-width:3px", links.join(",")));
        }
    }
}

fn collect(machine: &Machine, trace: &Trace, marked: &mut Vec<(String, Mark)>) {
    for state in &machine.states {
        marked.push((id(state), trace.mark(&state.name)));
        state.inside.iter().for_each(|inside| collect(inside, trace, marked));
    }
}

fn id(state: &State) -> String {
    format!("s{}", state.number)
}

/// A text in quotes, with what Mermaid would read as its own written as entities.
fn quoted(text: &str) -> String {
    let escaped = text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    format!("\"{escaped}\"")
}
