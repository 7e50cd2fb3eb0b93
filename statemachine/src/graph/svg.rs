//! The graph as SVG, which every browser draws.

use std::fmt::Write as _;

use super::layout::{DOT, HEIGHT, Layout, Node};
use super::trace::{Mark, Trace};
use super::{Graph, Machine, State};

const MARGIN: f64 = 60.0;

const STYLE: &str = "<style>\n\
    text{font:12px ui-monospace,monospace;fill:#1f2328}\n\
    .label{font-size:10px;fill:#59636e;paint-order:stroke;stroke:#fff;stroke-width:3px}\n\
    .state{fill:#fff;stroke:#818b98;stroke-width:1.5}\n\
    .way{fill:none;stroke:#818b98;stroke-width:1.5;marker-end:url(#arrow)}\n\
    .passed{stroke:#1a7f37;stroke-width:3}\n\
    .stopped{stroke:#cf222e;stroke-width:3}\n\
    .catch{stroke-dasharray:5 4}\n\
    .dot{fill:#818b98}\n\
    </style>\n\
    <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerUnits=\"userSpaceOnUse\" markerWidth=\"9\" markerHeight=\"9\" \
    orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#818b98\"/></marker></defs>\n";

impl Graph {
    /// The graph as an SVG document, with the states and transitions of `trace` set off.
    pub fn svg(&self, trace: &Trace) -> String {
        let layout = Layout::of(&self.machine);
        let (width, height) = (layout.width + MARGIN * 2.0, layout.height + MARGIN);
        let mut drawing = Drawing { text: String::new(), trace };
        drawing.write(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\n{STYLE}"
        ));
        drawing.write(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"));
        drawing.machine(&self.machine, &layout, (MARGIN, MARGIN / 2.0));
        drawing.write(format_args!("</svg>\n"));
        drawing.text
    }
}

struct Drawing<'a> {
    text: String,
    trace: &'a Trace,
}

impl Drawing<'_> {
    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(text);
    }

    fn machine(&mut self, machine: &Machine, layout: &Layout, corner: (f64, f64)) {
        let at = |(x, y): (f64, f64)| (corner.0 + x, corner.1 + y);
        let (x, y) = at(layout.start);
        self.write(format_args!("<circle class=\"dot\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{:.0}\"/>\n", DOT / 2.0));
        if let Some(start) = machine.start {
            let is_taken = self.trace.mark(&machine.states[start].name) != Mark::Missed;
            self.way((x, y + DOT / 2.0), at(top(&layout.nodes[start])), "", false, is_taken);
        }
        let (x, y) = at(layout.end);
        if machine.transitions.iter().any(|transition| transition.to.is_none()) {
            self.write(format_args!("<circle class=\"state\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{:.0}\"/>\n", DOT / 2.0));
            self.write(format_args!("<circle class=\"dot\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{:.0}\"/>\n", DOT / 4.0));
        }
        for transition in &machine.transitions {
            let (from, node) = (&machine.states[transition.from], &layout.nodes[transition.from]);
            let to = transition.to.map(|to| (&machine.states[to].name, &layout.nodes[to]));
            let is_taken = self.trace.goes(&from.name, to.map(|(name, _)| name.as_str()));
            let (label, is_catch) = (&transition.label, transition.is_catch);
            match to {
                Some((_, to)) if to.layer <= node.layer => {
                    self.way_back(at(side(node)), at(side(to)), label, is_catch, is_taken)
                }
                Some((_, to)) => self.way(at(bottom(node)), at(top(to)), label, is_catch, is_taken),
                None => self.way(at(bottom(node)), (x, y - DOT / 2.0), label, is_catch, is_taken),
            }
        }
        // After the ways, so that one that passes behind a state does not cross its name.
        for (state, node) in machine.states.iter().zip(&layout.nodes) {
            self.state(state, node, at((node.x, node.y)));
        }
    }

    fn state(&mut self, state: &State, node: &Node, (x, y): (f64, f64)) {
        let mark = match self.trace.mark(&state.name) {
            Mark::Missed => "",
            Mark::Passed => " passed",
            Mark::Stopped => " stopped",
        };
        let radius = match state.kind.as_str() {
            "Succeed" | "Fail" => HEIGHT / 2.0,
            "Pass" | "Wait" => 8.0,
            _ => 2.0,
        };
        let (width, height) = (node.width, node.height);
        if state.kind == "Choice" {
            let (left, middle, right) = (x, x + width / 2.0, x + width);
            let (above, half, below) = (y, y + height / 2.0, y + height);
            self.write(format_args!(
                "<path class=\"state{mark}\" d=\"M{left:.0} {half:.0}L{:.0} {above:.0}H{:.0}L{right:.0} {half:.0}L{:.0} {below:.0}H{:.0}z\"/>\n",
                middle - width / 3.0,
                middle + width / 3.0,
                middle + width / 3.0,
                middle - width / 3.0
            ));
        } else {
            self.write(format_args!(
                "<rect class=\"state{mark}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"{radius:.0}\"/>\n"
            ));
        }
        let line = if state.inside.is_empty() { y + height / 2.0 + 4.0 } else { y + 18.0 };
        let (middle, name) = (x + width / 2.0, escaped(&state.name));
        self.write(format_args!("<text x=\"{middle:.0}\" y=\"{line:.0}\" text-anchor=\"middle\">{name}</text>\n"));
        for (machine, (left, above, layout)) in state.inside.iter().zip(&node.inside) {
            self.machine(machine, layout, (x + left, y + above));
        }
    }

    /// A way down: a curve that leaves and arrives upright.
    fn way(&mut self, (x, y): (f64, f64), (to_x, to_y): (f64, f64), label: &str, is_catch: bool, is_taken: bool) {
        let bend = ((to_y - y) / 2.0).max(10.0);
        let curve = format!("M{x:.0} {y:.0}C{x:.0} {:.0} {to_x:.0} {:.0} {to_x:.0} {to_y:.0}", y + bend, to_y - bend);
        // Nearer to where it leads: ways part from one state.
        let place = (x + (to_x - x) * 0.75, y + (to_y - y) * 0.7);
        self.curve(&curve, place, label, is_catch, is_taken);
    }

    /// A way back up, or along a layer: around the right side.
    fn way_back(&mut self, (x, y): (f64, f64), (to_x, to_y): (f64, f64), label: &str, is_catch: bool, is_taken: bool) {
        let right = x.max(to_x) + MARGIN * 0.7;
        let curve = format!("M{x:.0} {y:.0}C{right:.0} {y:.0} {right:.0} {to_y:.0} {to_x:.0} {to_y:.0}");
        self.curve(&curve, (right - MARGIN * 0.2, (y + to_y) / 2.0), label, is_catch, is_taken);
    }

    fn curve(&mut self, curve: &str, (x, y): (f64, f64), label: &str, is_catch: bool, is_taken: bool) {
        let catch = if is_catch { " catch" } else { "" };
        let taken = if is_taken { " passed" } else { "" };
        self.write(format_args!("<path class=\"way{catch}{taken}\" d=\"{curve}\"/>\n"));
        if !label.is_empty() {
            let label = escaped(label);
            self.write(format_args!(
                "<text class=\"label\" x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">{label}</text>\n"
            ));
        }
    }
}

fn top(node: &Node) -> (f64, f64) {
    (node.x + node.width / 2.0, node.y)
}

fn bottom(node: &Node) -> (f64, f64) {
    (node.x + node.width / 2.0, node.y + node.height)
}

fn side(node: &Node) -> (f64, f64) {
    (node.x + node.width, node.y + node.height / 2.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
