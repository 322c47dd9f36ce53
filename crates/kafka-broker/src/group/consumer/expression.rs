//! Subscriptions by regular expressions, which the coordinator resolves (`maybeUpdateRegularExpressions`, `TopicRegexResolver`).
//!
//! A heartbeat asks for the resolution; that runs as a timer, off the thread that serves the member, and the members learn of the
//! topics with their next heartbeats.

mod syntax;

use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::super::java;
use super::super::outcome::Record;
use super::super::timers::{TimerAction, TimerKey};
use super::hash::group_hash;
use super::member::Member;
use super::subscription::SubscriptionCount;
use super::{Client, ConsumerGroup, Cx, Metadata, Refresh, Refusal};
use crate::security::authorizer::Requester;

/// The least time between resolutions (`REGEX_BATCH_REFRESH_MIN_INTERVAL_MS`).
const REFRESH_MIN_INTERVAL_MS: i64 = 10_000;

/// The topics that an expression stands for (`ResolvedRegularExpression`).
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) topics: Arc<java::HashSet<Arc<str>>>,
    /// `Metadata::version` of the topics.
    pub(super) version: i64,
    pub(super) timestamp: i64,
}

/// Expressions that are to be resolved, for all members alike.
#[derive(Debug)]
pub(in super::super) struct Resolution {
    expressions: Vec<Arc<str>>,
    /// Who sent the request that asked for it: topics that it may not describe stay out.
    requester: Option<Requester>,
}

/// What became of a [`Resolution`].
pub(in super::super) struct ResolvedExpressions(Vec<(Arc<str>, Resolved)>);

/// What a heartbeat does to the expression of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Update {
    /// Nothing.
    None,
    /// It has another, whose topics are not known.
    Changed,
    /// It has another, whose topics are known, or none any more.
    Resolved,
}

impl ConsumerGroup {
    /// Takes the expression of a member; asks for a resolution where one is due.
    pub(super) fn update_expression(
        &self,
        cx: &mut Cx<'_>,
        client: Client<'_>,
        before: &Member,
        member: &Member,
        records: &mut Vec<Record>,
    ) -> Result<Update, Refusal> {
        let (old, new) = (before.expression(), member.expression());
        let mut update = Update::None;
        let mut must_resolve = false;
        if before.expression != member.expression {
            update = Update::Changed;
            if let Some(old) = old.filter(|old| self.subscribers_of(old) == 1) {
                records.push(self.expression_tombstone(old));
            }
            match new {
                Some(new) if self.subscribers_of(new) == 0 => {
                    syntax::compile(new).map_err(|error| {
                        let message =
                            format!("SubscribedTopicRegex `{new}` is not a valid regular expression: {error}.");
                        Refusal::new(ErrorCode::InvalidRegularExpression, message)
                    })?;
                    must_resolve = true;
                }
                Some(new) if self.resolved.get(new).is_some() => update = Update::Resolved,
                None if old.is_some() => update = Update::Resolved,
                _ => {}
            }
        }
        if !must_resolve && self.expressions.is_empty() || cx.resolving.contains_key(&self.id) {
            return Ok(update);
        }
        let last = self.resolved.values().next();
        let last_ms = last.map_or(i64::MIN, |last| last.timestamp);
        if cx.now_ms <= last_ms.saturating_add(REFRESH_MIN_INTERVAL_MS) {
            return Ok(update);
        }
        let expressions = self.expressions_with_member(old, new);
        must_resolve |= expressions.len() != self.resolved.len();
        must_resolve |= last.map_or(0, |last| last.version) < cx.new_topics_version;
        must_resolve |= cx.now_ms > last_ms.saturating_add(cx.config.consumer_regex_refresh_interval_ms.into());
        if must_resolve && !expressions.is_empty() {
            let requester = client.requester.cloned();
            cx.resolving.insert(Arc::clone(&self.id), Arc::new(Resolution { expressions, requester }));
            cx.set_timer(TimerKey::Expressions(Arc::clone(&self.id)), 0, TimerAction::ResolveExpressions);
        }
        Ok(update)
    }

    /// All expressions after the one of a member has changed.
    fn expressions_with_member(&self, old: Option<&Arc<str>>, new: Option<&Arc<str>>) -> Vec<Arc<str>> {
        let stays =
            |expression: &&Arc<str>| Some(*expression) != old || new == old || self.subscribers_of(expression) > 1;
        let mut expressions: Vec<_> = self.expressions.keys().filter(stays).cloned().collect();
        if let Some(new) = new.filter(|new| !expressions.contains(new)) {
            expressions.push(Arc::clone(new));
        }
        expressions
    }

    /// Writes down the topics that expressions stand for (`handleRegularExpressionsResult`).
    pub(in super::super) fn resolve(&self, cx: &Cx<'_>, expressions: &ResolvedExpressions, records: &mut Vec<Record>) {
        let mut subscribed = self.subscribed.clone();
        let mut bumps = false;
        for (expression, resolved) in &expressions.0 {
            if self.subscribers_of(expression) == 0 {
                continue;
            }
            let none = java::HashSet::default();
            let known = self.resolved.get(expression).map_or(&none, |known| &*known.topics);
            if *known != *resolved.topics {
                bumps = true;
                SubscriptionCount::remove_resolved(&mut subscribed, known.keys());
                SubscriptionCount::add_resolved(&mut subscribed, resolved.topics.keys());
            }
            records.push(self.expression_record(expression, resolved));
        }
        let metadata_hash = group_hash(&subscribed, cx.metadata);
        if bumps || metadata_hash != self.metadata_hash {
            let epoch = self.epoch.wrapping_add(1);
            records.push(self.epoch_record(epoch, metadata_hash));
            self.refresh.set(Refresh { deadline_ms: cx.now_ms.saturating_add(i32::MAX.into()), epoch });
        }
    }
}

impl Resolution {
    /// The topics of each expression. One that cannot be read, from an older version say, stands for none. This takes its time: no
    /// shard should be locked.
    pub(in super::super) fn run(&self, metadata: &dyn Metadata, now_ms: i64) -> ResolvedExpressions {
        let expressions = &self.expressions;
        let version = metadata.version();
        let mut topics: Vec<java::HashSet<Arc<str>>> = expressions.iter().map(|_| java::HashSet::default()).collect();
        let compiled: Vec<_> = expressions.iter().map(|expression| syntax::compile(expression).ok()).collect();
        // Which expressions match a topic. The authorizer is asked once the topics are read.
        let mut matches: Vec<(Arc<str>, Vec<usize>)> = Vec::new();
        metadata.each_topic(&mut |name| {
            let matching = compiled.iter().enumerate().filter_map(|(at, expression)| {
                let is_match = expression.as_ref().is_some_and(|expression| expression.is_match(name));
                is_match.then_some(at)
            });
            let matching: Vec<usize> = matching.collect();
            if !matching.is_empty() {
                matches.push((name.into(), matching));
            }
        });
        if let Some(who) = &self.requester {
            matches.retain(|(name, matching)| metadata.may_describe(who, name, matching.len()));
        }
        for (name, matching) in matches {
            for at in matching {
                topics[at].add(Arc::clone(&name));
            }
        }
        let resolved =
            topics.into_iter().map(|topics| Resolved { topics: Arc::new(topics), version, timestamp: now_ms });
        ResolvedExpressions(expressions.iter().cloned().zip(resolved).collect())
    }
}
