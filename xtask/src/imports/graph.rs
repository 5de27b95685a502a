//! Finds the cycles of a graph, and the edges whose removal breaks the cycles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A directed graph whose nodes are numbers. An edge means that one node uses the other.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: BTreeMap<(usize, usize), EdgeUses>,
}

/// The uses that an edge stands for: the names of the used items, each with the lines of its uses.
pub(crate) type EdgeUses = BTreeMap<String, BTreeSet<usize>>;

impl Graph {
    /// Adds a use to an edge. A use of a node by itself is ignored.
    pub(crate) fn add(&mut self, (from, to): (usize, usize), name: String, line: usize) {
        if from != to {
            self.edges.entry((from, to)).or_default().entry(name).or_default().insert(line);
        }
    }

    /// Returns the uses that an edge stands for.
    pub(crate) fn uses(
        &self,
        edge: (usize, usize),
    ) -> impl Iterator<Item = (&String, &BTreeSet<usize>)> {
        self.edges.get(&edge).into_iter().flatten()
    }

    fn successors(&self, from: usize) -> impl Iterator<Item = usize> {
        self.edges.range((from, 0)..=(from, usize::MAX)).map(|((_, to), _)| *to)
    }

    /// Returns the groups of two or more nodes in which every node can be reached from every other
    /// node (the strongly connected components).
    pub(crate) fn cycles(&self) -> Vec<BTreeSet<usize>> {
        let nodes: BTreeSet<usize> =
            self.edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
        let reachable: BTreeMap<usize, BTreeSet<usize>> =
            nodes.iter().map(|node| (*node, self.reachable(*node))).collect();
        let group = |node: &usize| {
            let others = reachable[node].iter().filter(|other| reachable[other].contains(node));
            others.copied().collect::<BTreeSet<usize>>()
        };
        let groups: BTreeSet<BTreeSet<usize>> = nodes.iter().map(group).collect();
        groups.into_iter().filter(|group| group.len() > 1).collect()
    }

    /// Returns the nodes that can be reached from the node `from`. The result contains `from` only
    /// if `from` is in a cycle.
    fn reachable(&self, from: usize) -> BTreeSet<usize> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            open.extend(self.successors(node).filter(|to| reached.insert(*to)).collect::<Vec<_>>());
        }
        reached
    }

    /// Returns the nodes of a shortest path within a group, `from` and `to` included.
    pub(crate) fn shortest_path(
        &self,
        group: &BTreeSet<usize>,
        from: usize,
        to: usize,
    ) -> Vec<usize> {
        let (mut predecessors, mut open) = (BTreeMap::from([(from, from)]), VecDeque::from([from]));
        while let Some(node) = open.pop_front() {
            for next in self.successors(node).filter(|next| group.contains(next)) {
                if let std::collections::btree_map::Entry::Vacant(entry) = predecessors.entry(next)
                {
                    entry.insert(node);
                    open.push_back(next);
                }
            }
        }
        let mut path = vec![to];
        while let Some(node) = path
            .last()
            .and_then(|last| predecessors.get(last))
            .filter(|_| path.last() != Some(&from))
        {
            path.push(*node);
        }
        path.reverse();
        path
    }

    /// Returns edges between nodes of `group`. Without these edges, the group has no cycle. The
    /// weight of an edge is the number of names that are used along the edge.
    ///
    /// The method searches for an order of the nodes in which the edges that lead backward have a
    /// low total weight, and returns those edges. It moves one node at a time until no move lowers
    /// the weight, so a set of edges with a lower weight may exist.
    pub(crate) fn edges_to_remove(&self, group: &BTreeSet<usize>) -> Vec<(usize, usize)> {
        let is_inside = |(from, to): &(usize, usize)| group.contains(from) && group.contains(to);
        let edges = self.edges.iter().filter(|(edge, _)| is_inside(edge));
        let edges: Vec<WeightedEdge> =
            edges.map(|((from, to), uses)| (*from, *to, uses.len())).collect();
        let mut order: Vec<usize> = group.iter().copied().collect();
        while let Some(improved) = improved_order(&order, &edges) {
            order = improved;
        }
        backward_edges(&order, &edges).map(|(from, to, _)| (from, to)).collect()
    }
}

/// The start and the end of an edge, and how many names are used along the edge.
type WeightedEdge = (usize, usize, usize);

/// Returns the edges that lead backward in an order of the nodes: from a node to an earlier node.
fn backward_edges(order: &[usize], edges: &[WeightedEdge]) -> impl Iterator<Item = WeightedEdge> {
    let position = |node: usize| order.iter().position(|other| *other == node);
    edges.iter().copied().filter(move |(from, to, _)| position(*from) > position(*to))
}

/// Returns the order with one node moved, if such a move lowers the weight of the backward edges.
fn improved_order(order: &[usize], edges: &[WeightedEdge]) -> Option<Vec<usize>> {
    let weight =
        |order: &[usize]| backward_edges(order, edges).map(|(_, _, weight)| weight).sum::<usize>();
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
    fn cycles_are_the_strongly_connected_components() {
        assert_eq!(graph(&[(0, 1), (1, 2), (0, 2)]).cycles(), []);
        let cycles = graph(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5)]).cycles();
        assert_eq!(cycles, [BTreeSet::from([0, 1, 2]), BTreeSet::from([3, 4])]);
    }

    #[test]
    fn removing_the_returned_edges_leaves_no_cycle() {
        let mut graph = graph(&[(0, 1), (1, 2), (2, 3), (3, 0), (1, 3), (2, 0)]);
        let group = BTreeSet::from([0, 1, 2, 3]);
        let removed = graph.edges_to_remove(&group);
        // All cycles of the graph contain the edge from 0 to 1.
        assert_eq!(removed, [(0, 1)]);
        assert_eq!(graph.shortest_path(&group, 0, 3), [0, 1, 3]);
        graph.edges.retain(|edge, _| !removed.contains(edge));
        assert_eq!(graph.cycles(), Vec::<BTreeSet<usize>>::new());
    }
}
