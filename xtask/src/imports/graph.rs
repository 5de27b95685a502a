//! Circles in a graph, and the edges that would break them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Nodes by number.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: BTreeMap<(usize, usize), Because>,
}

/// What makes an edge: what is used, and on which lines.
pub(crate) type Because = BTreeMap<String, BTreeSet<usize>>;

impl Graph {
    pub(crate) fn add(&mut self, (from, to): (usize, usize), name: String, line: usize) {
        if from != to {
            self.edges.entry((from, to)).or_default().entry(name).or_default().insert(line);
        }
    }

    /// What makes an edge.
    pub(crate) fn because(&self, edge: (usize, usize)) -> impl Iterator<Item = (&String, &BTreeSet<usize>)> {
        self.edges.get(&edge).into_iter().flatten()
    }

    fn next(&self, from: usize) -> impl Iterator<Item = usize> {
        self.edges.range((from, 0)..=(from, usize::MAX)).map(|((_, to), _)| *to)
    }

    /// Groups of two or more nodes, each of which leads to each other one.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<usize>> {
        let nodes: BTreeSet<usize> = self.edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
        let reached: BTreeMap<usize, BTreeSet<usize>> =
            nodes.iter().map(|node| (*node, self.reached(*node))).collect();
        let group = |node: &usize| {
            let others = reached[node].iter().filter(|other| reached[other].contains(node));
            others.copied().collect::<BTreeSet<usize>>()
        };
        let groups: BTreeSet<BTreeSet<usize>> = nodes.iter().map(group).collect();
        groups.into_iter().filter(|group| group.len() > 1).collect()
    }

    /// The nodes that a node leads to, itself only if there is a way back.
    fn reached(&self, from: usize) -> BTreeSet<usize> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            open.extend(self.next(node).filter(|to| reached.insert(*to)).collect::<Vec<_>>());
        }
        reached
    }

    /// The shortest way within a group, both ends included.
    pub(crate) fn way(&self, group: &BTreeSet<usize>, from: usize, to: usize) -> Vec<usize> {
        let (mut before, mut open) = (BTreeMap::from([(from, from)]), VecDeque::from([from]));
        while let Some(node) = open.pop_front() {
            for next in self.next(node).filter(|next| group.contains(next)) {
                if let std::collections::btree_map::Entry::Vacant(free) = before.entry(next) {
                    free.insert(node);
                    open.push_back(next);
                }
            }
        }
        let mut way = vec![to];
        while let Some(node) =
            way.last().and_then(|last| before.get(last)).filter(|_| way.last() != Some(&from))
        {
            way.push(*node);
        }
        way.reverse();
        way
    }

    /// Few edges of a group without which it has no circle, the fewest names counted: those that go
    /// back in an order that no move of one node makes better.
    pub(crate) fn cuts(&self, group: &BTreeSet<usize>) -> Vec<(usize, usize)> {
        let inside = |(from, to): &(usize, usize)| group.contains(from) && group.contains(to);
        let edges = self.edges.iter().filter(|(edge, _)| inside(edge));
        let edges: Vec<(usize, usize, usize)> =
            edges.map(|((from, to), because)| (*from, *to, because.len())).collect();
        let mut order: Vec<usize> = group.iter().copied().collect();
        while let Some(better) = better(&order, &edges) {
            order = better;
        }
        backwards(&order, &edges).map(|(from, to, _)| (from, to)).collect()
    }
}

/// From, to, and how many names make the edge.
type Weighed = (usize, usize, usize);

/// The edges that go back in an order.
fn backwards(order: &[usize], edges: &[Weighed]) -> impl Iterator<Item = Weighed> {
    let place = |node: usize| order.iter().position(|other| *other == node);
    edges.iter().copied().filter(move |(from, to, _)| place(*from) > place(*to))
}

/// The order with one node moved, if that takes weight from the edges that go back.
fn better(order: &[usize], edges: &[Weighed]) -> Option<Vec<usize>> {
    let weight = |order: &[usize]| backwards(order, edges).map(|(_, _, weight)| weight).sum::<usize>();
    let moves = (0..order.len()).flat_map(|from| (0..order.len()).map(move |to| (from, to)));
    let moved = moves.map(|(from, to)| {
        let mut order = order.to_vec();
        let node = order.remove(from);
        order.insert(to, node);
        order
    });
    moved.min_by_key(|order| weight(order)).filter(|best| weight(best) < weight(order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::default();
        edges.iter().for_each(|(from, to)| graph.add((*from, *to), "name".to_owned(), 1));
        graph
    }

    #[test]
    fn a_way_back_makes_a_circle_and_a_way_on_does_not() {
        assert_eq!(graph(&[(0, 1), (1, 2), (0, 2)]).circles(), []);
        let found = graph(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5)]).circles();
        assert_eq!(found, [BTreeSet::from([0, 1, 2]), BTreeSet::from([3, 4])]);
    }

    #[test]
    fn without_the_cuts_there_is_no_circle() {
        let mut graph = graph(&[(0, 1), (1, 2), (2, 3), (3, 0), (1, 3), (2, 0)]);
        let group = BTreeSet::from([0, 1, 2, 3]);
        let cuts = graph.cuts(&group);
        assert_eq!(cuts, [(0, 1)]);
        assert_eq!(graph.way(&group, 0, 3), [0, 1, 3]);
        graph.edges.retain(|edge, _| !cuts.contains(edge));
        assert_eq!(graph.circles(), Vec::<BTreeSet<usize>>::new());
    }
}
