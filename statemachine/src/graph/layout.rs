//! Where the states go: in layers, each below those that lead to it, and each layer in the order that keeps its
//! transitions short. A state with machines inside is as large as they need.

use super::{Machine, State};

/// Sizes, pixels.
pub(super) const LETTER: f64 = 7.2;
pub(super) const HEIGHT: f64 = 40.0;
const GAP: f64 = 32.0;
const LAYER_GAP: f64 = 56.0;
const PADDING: f64 = 20.0;
const TITLE: f64 = 28.0;
pub(super) const DOT: f64 = 12.0;

/// A machine laid out, with its own corner at the origin.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) nodes: Vec<Node>,
    /// Where it begins and where it ends, as the middle of a dot.
    pub(super) start: (f64, f64),
    pub(super) end: (f64, f64),
}

pub(super) struct Node {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The layer it is in, from the top.
    pub(super) layer: usize,
    /// The machines inside, each with its corner in this node.
    pub(super) inside: Vec<(f64, f64, Layout)>,
}

impl Layout {
    pub(super) fn of(machine: &Machine) -> Self {
        let mut nodes: Vec<Node> = machine.states.iter().map(Node::of).collect();
        let layers = layers(machine);
        for (node, layer) in nodes.iter_mut().zip(&layers) {
            node.layer = *layer;
        }
        let order = ordered(machine, &layers);
        let width_of = |row: &Vec<usize>| row.iter().map(|state| nodes[*state].width + GAP).sum::<f64>() - GAP;
        let width = order.iter().map(width_of).fold(DOT * 4.0, f64::max);
        let lefts: Vec<f64> = order.iter().map(|row| (width - width_of(row)) / 2.0).collect();
        let mut y = DOT * 2.0 + LAYER_GAP / 2.0;
        for (row, mut x) in order.iter().zip(lefts) {
            let tallest = row.iter().map(|state| nodes[*state].height).fold(0.0, f64::max);
            for state in row {
                let node = &mut nodes[*state];
                (node.x, node.y) = (x, y);
                x += node.width + GAP;
            }
            y += tallest + LAYER_GAP;
        }
        Self { width, height: y + DOT, nodes, start: (width / 2.0, DOT), end: (width / 2.0, y - LAYER_GAP / 4.0) }
    }
}

impl Node {
    fn of(state: &State) -> Self {
        let text = (state.name.chars().count() as f64 * LETTER + PADDING * 2.0).max(80.0);
        let mut x = PADDING;
        let mut height = HEIGHT;
        let mut inside = Vec::new();
        for machine in &state.inside {
            let layout = Layout::of(machine);
            height = height.max(layout.height + TITLE + PADDING);
            let right = x + layout.width + PADDING;
            inside.push((x, TITLE, layout));
            x = right;
        }
        Self { x: 0.0, y: 0.0, width: text.max(if inside.is_empty() { 0.0 } else { x }), height, layer: 0, inside }
    }
}

/// The layer of each state: one below the lowest that leads to it, ways back aside.
fn layers(machine: &Machine) -> Vec<usize> {
    let mut layers = vec![0; machine.states.len()];
    let mut way = Vec::new();
    let starts = machine.start.into_iter().chain(0..machine.states.len());
    let mut is_seen = vec![false; machine.states.len()];
    for start in starts {
        if !is_seen[start] {
            descend(machine, start, &mut way, &mut layers, &mut is_seen);
        }
    }
    layers
}

fn descend(machine: &Machine, state: usize, way: &mut Vec<usize>, layers: &mut [usize], is_seen: &mut [bool]) {
    is_seen[state] = true;
    way.push(state);
    for transition in machine.transitions.iter().filter(|transition| transition.from == state) {
        let Some(to) = transition.to.filter(|to| !way.contains(to)) else { continue };
        if !is_seen[to] || layers[to] <= layers[state] {
            layers[to] = layers[to].max(layers[state] + 1);
            descend(machine, to, way, layers, is_seen);
        }
    }
    way.pop();
}

/// The states of each layer, from left to right: by the middle of those above that lead to them.
fn ordered(machine: &Machine, layers: &[usize]) -> Vec<Vec<usize>> {
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let mut places = vec![0.0; layers.len()];
    let row = |layer: usize| {
        let middle = |state: usize| {
            let above = machine.transitions.iter().filter(|way| way.to == Some(state) && layers[way.from] < layer);
            let above: Vec<f64> = above.map(|way| places[way.from]).collect();
            above.iter().sum::<f64>() / above.len().max(1) as f64
        };
        let states = (0..layers.len()).filter(|state| layers[*state] == layer);
        let mut row: Vec<(f64, usize)> = states.map(|state| (middle(state), state)).collect();
        row.sort_by(|left, right| left.0.total_cmp(&right.0));
        let width = row.len() as f64;
        for (place, (_, state)) in row.iter().enumerate() {
            places[*state] = (place as f64 + 0.5) / width;
        }
        row.into_iter().map(|(_, state)| state).collect()
    };
    (0..count).map(row).collect()
}
