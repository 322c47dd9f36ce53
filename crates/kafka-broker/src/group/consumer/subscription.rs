//! Which topics the members of a group subscribe to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::java;
use super::ConsumerGroup;
use super::expression::Resolved;
use super::member::Member;

/// Topics by name, with who subscribes to them.
pub(super) type Subscribed = BTreeMap<Arc<str>, SubscriptionCount>;

/// How often a topic is subscribed to (`SubscriptionCount`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SubscriptionCount {
    /// By members that name it.
    names: usize,
    /// By expressions that stand for it.
    expressions: usize,
}

impl SubscriptionCount {
    fn change(subscribed: &mut Subscribed, topic: &Arc<str>, change: impl FnOnce(&mut SubscriptionCount)) {
        let counted = subscribed.entry(Arc::clone(topic)).or_default();
        change(counted);
        if *counted == SubscriptionCount::default() {
            subscribed.remove(topic);
        }
    }

    /// A member changes, comes or goes.
    pub(super) fn change_names(subscribed: &mut Subscribed, before: Option<&Member>, after: Option<&Member>) {
        for topic in before.iter().flat_map(|member| member.topics.keys()) {
            Self::change(subscribed, topic, |count| count.names = count.names.saturating_sub(1));
        }
        for topic in after.iter().flat_map(|member| member.topics.keys()) {
            Self::change(subscribed, topic, |count| count.names += 1);
        }
    }

    /// An expression stands for these topics from now on.
    pub(super) fn add_resolved<'t>(subscribed: &mut Subscribed, topics: impl Iterator<Item = &'t Arc<str>>) {
        topics.for_each(|topic| Self::change(subscribed, topic, |count| count.expressions += 1));
    }

    /// An expression stood for these topics.
    pub(super) fn remove_resolved<'t>(subscribed: &mut Subscribed, topics: impl Iterator<Item = &'t Arc<str>>) {
        let fewer = |count: &mut SubscriptionCount| count.expressions = count.expressions.saturating_sub(1);
        topics.for_each(|topic| Self::change(subscribed, topic, fewer));
    }
}

/// Whether all members subscribe to the same topics, as far as counts tell (`subscriptionType`). `expressions` has the number of
/// members for each.
pub(super) fn is_homogeneous(
    mut expressions: impl Iterator<Item = usize>,
    subscribed: &Subscribed,
    members: usize,
) -> bool {
    match expressions.next() {
        None => subscribed.values().all(|count| count.names == members),
        Some(first) if first == members => subscribed.values().all(|count| count.expressions == 1 && count.names == 0),
        Some(_) => false,
    }
}

impl ConsumerGroup {
    /// The topics after a member has changed (`computeSubscribedTopicNames`).
    pub(super) fn subscribed_with(&self, before: &Member, after: &Member) -> Subscribed {
        let mut subscribed = self.subscribed.clone();
        SubscriptionCount::change_names(&mut subscribed, Some(before), Some(after));
        if let Some(expression) = before.expression()
            && after.expression() != Some(expression)
            && self.subscribers_of(expression) == 1
            && let Some(resolved) = self.resolved.get(expression)
        {
            SubscriptionCount::remove_resolved(&mut subscribed, resolved.topics.keys());
        }
        subscribed
    }

    /// The numbers of members of all expressions after a member has changed (`computeSubscribedRegularExpressions`).
    pub(super) fn expressions_with(&self, before: &Member, after: &Member) -> java::HashMap<Arc<str>, usize> {
        let known = self.expressions.iter().map(|(expression, count)| (Arc::clone(expression), *count));
        let mut expressions = java::HashMap::copy_of(known);
        if let Some(expression) = before.expression() {
            match expressions.get(expression).copied().unwrap_or(0) {
                0 | 1 => {
                    expressions.remove(expression);
                }
                count => expressions.insert(Arc::clone(expression), count - 1),
            }
        }
        if let Some(expression) = after.expression()
            && let Some(count) = expressions.compute(Arc::clone(expression), || 0)
        {
            *count += 1;
        }
        expressions
    }

    /// How many members subscribe by an expression.
    pub(super) fn subscribers_of(&self, expression: &str) -> usize {
        self.expressions.get(expression).copied().unwrap_or(0)
    }

    /// What a member subscribes to.
    pub(super) fn subscription_of<'s>(&'s self, member: &'s Member) -> Subscription<'s> {
        let resolved = member.expression().and_then(|expression| self.resolved.get(expression));
        Subscription { names: &member.topics, resolved: resolved.map(|Resolved { topics, .. }| &**topics) }
    }
}

/// The topics of a member: those that it names, and those that its expression stands for.
pub(super) struct Subscription<'s> {
    names: &'s java::HashSet<Arc<str>>,
    resolved: Option<&'s java::HashSet<Arc<str>>>,
}

impl<'s> Subscription<'s> {
    pub(super) fn contains(&self, topic: &str) -> bool {
        self.names.contains(topic) || self.resolved.is_some_and(|resolved| resolved.contains(topic))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.resolved.is_none_or(java::HashMap::is_empty)
    }

    /// The names, in the order of Kafka's `UnionSet`: those of the larger set, then those that only the other has.
    pub(super) fn names(&self) -> Vec<&'s Arc<str>> {
        let Some(resolved) = self.resolved else { return self.names.keys().collect() };
        let (large, small) =
            if self.names.len() > resolved.len() { (self.names, resolved) } else { (resolved, self.names) };
        large.keys().chain(small.keys().filter(|name| !large.contains(&***name))).collect()
    }
}
