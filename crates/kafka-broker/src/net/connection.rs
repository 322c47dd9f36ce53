//! One connection: frames in, responses out, one request at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_rpc::{ApiKey, FRAME_LEN_BYTES, FrameError, RequestFrame, first_frame};

use super::input::{Input, ReceiveError, Received};
use super::output::{Output, Sent};
use super::ticket::Ticket;
use super::transport::{Transport, Unmapped};
use super::{Peer, throttle};
use crate::api::{self, Handled, Refusal, Unfinished};
use crate::broker::Shared;
use crate::quotas::Kind;
use crate::security::{AuthenticationError, Authenticator, Exchange, Failure, ListenerSasl};

/// Responses that may wait in memory before no further request of the connection is handled.
const OUTPUT_MAX: usize = 256 * 1024;
/// Memory that an idle connection keeps for its next response.
const IDLE_OUTPUT_MAX: usize = 4096;
/// Bytes of requests to produce that are appended together.
const GATHERED_MAX: usize = 1024 * 1024;
/// Memory that a connection keeps for its next request and response while it is busy: for requests of a common size, which would
/// otherwise cost an allocation each.
const BUSY_BUFFER_MAX: usize = 2 * 1024 * 1024;
/// Reads in one turn, after which other connections have theirs.
const READS_PER_TURN: usize = 8;

/// A client.
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) peer: Peer,
    input: Input,
    /// What the frame that has begun takes of the memory for requests.
    reserved: usize,
    output: Output,
    /// SASL, where the listener has it.
    sasl: Option<Box<Authenticator>>,
    /// The request that is answered later. Nothing else is handled until then, as in Kafka, which mutes the channel.
    waiting: Option<Waiting>,
    /// Its client has used up a quota: no request is handled before this time. The number stands for the pause in its loop.
    muted: Option<(Instant, u64)>,
    /// Whether the socket may have bytes that were not read.
    may_have_input: bool,
    /// Whether the peer sends nothing more. The end of its bytes may still have to be read.
    has_peer_closed: bool,
    pub(super) last_active: Instant,
    /// End when everything is sent.
    pub(super) is_draining: bool,
}

/// A request without its answer.
struct Waiting {
    ticket: Ticket,
    unfinished: Option<Box<Unfinished>>,
    /// The request itself, where a fault delays it.
    held: Option<Vec<u8>>,
    /// An authentication that has failed, and ends the connection when its time has come: who guesses passwords has to wait.
    failure: Option<Box<Failure>>,
    deadline: Option<Instant>,
    /// Who asks, and how long the request took so far: where that is limited.
    cost: Option<(Box<str>, Duration)>,
}

/// What the event loop has to do after a turn of a connection.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing until something happens.
    Rest,
    /// Wake it at this time, too.
    RestUntil(Instant),
    /// There is more to do; others come first.
    Again,
    /// There is no memory for its request at the moment.
    Stalled,
    /// It has ended, without an error if the peer closed it.
    End(Option<EndReason>),
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum EndReason {
    Io(std::io::Error),
    Frame(FrameError),
    Refused(Refusal),
    /// TLS has failed.
    Tls(rustls::Error),
    /// The name of the client's certificate is that of no user.
    Certificate(String),
    /// The client is not believed.
    Authentication(AuthenticationError),
    /// The client has not authenticated again in time.
    SessionExpired,
    /// Another thread could not read the request, or not write its answer.
    Unanswered(ApiKey),
}

impl std::fmt::Display for EndReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EndReason::Io(error) => error.fmt(f),
            EndReason::Frame(error) => error.fmt(f),
            EndReason::Refused(refusal) => refusal.fmt(f),
            EndReason::Tls(error) => error.fmt(f),
            EndReason::Certificate(name) => {
                write!(f, "no rule of ssl.principal.mapping.rules applies to {}", name.escape_debug())
            }
            EndReason::Authentication(error) => error.fmt(f),
            EndReason::SessionExpired => f.write_str("the session has expired"),
            EndReason::Unanswered(api) => write!(f, "a request of {} could not be answered", api.name()),
        }
    }
}

impl From<ReceiveError> for EndReason {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Io(error) => EndReason::Io(error),
            ReceiveError::Frame(error) => EndReason::Frame(error),
            ReceiveError::Tls(error) => EndReason::Tls(error),
        }
    }
}

/// What connections of a loop share during a turn.
pub(super) struct LoopContext<'l> {
    pub(super) shared: &'l Shared,
    pub(super) event_loop: usize,
    pub(super) slot: usize,
    pub(super) next_sequence: &'l mut u64,
    pub(super) scratch: &'l mut [u8],
    pub(super) now: Instant,
    pub(super) now_ms: i64,
}

impl LoopContext<'_> {
    /// A number in the loop that was not used before.
    fn next_number(&mut self) -> u64 {
        let number = *self.next_sequence;
        *self.next_sequence += 1;
        number
    }

    /// Numbers the next request.
    fn next_request(&mut self) -> api::At {
        let sequence = self.next_number();
        api::At { event_loop: self.event_loop, slot: self.slot, sequence, now_ms: self.now_ms }
    }
}

impl Connection {
    pub(super) fn new(transport: Transport, peer: Peer, sasl: Option<Arc<ListenerSasl>>, now: Instant) -> Self {
        Connection {
            transport,
            peer,
            sasl: sasl.map(|config| Box::new(Authenticator::new(config))),
            input: Input::default(),
            reserved: 0,
            output: Output::default(),
            waiting: None,
            muted: None,
            may_have_input: true,
            has_peer_closed: false,
            last_active: now,
            is_draining: false,
        }
    }

    /// Notes that the socket has bytes, or that the peer has closed it.
    pub(super) fn readable(&mut self, has_peer_closed: bool) {
        self.may_have_input = true;
        self.has_peer_closed |= has_peer_closed;
    }

    /// The number of the request that waits for partitions on behalf of a peer that has closed its side.
    pub(super) fn abandoned_fetch(&self) -> Option<u64> {
        let waiting = self.waiting.as_ref().filter(|waiting| waiting.unfinished.is_some())?;
        self.has_peer_closed.then_some(waiting.ticket.sequence)
    }

    /// Whether neither a request nor a response is in progress.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_none() && !self.has_output()
    }

    /// Whether something is still to be sent.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty() || self.transport.has_unsent()
    }

    /// The number of the request that waits, or of the pause.
    pub(super) fn waits_for(&self) -> Option<u64> {
        self.waiting.as_ref().map(|waiting| waiting.ticket.sequence).or(self.muted.map(|(_, number)| number))
    }

    /// Until when it waits at most.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        match &self.waiting {
            Some(waiting) => waiting.deadline,
            None => self.muted.map(|(until, _)| until),
        }
    }

    /// Handles nothing more for a time.
    fn mute(&mut self, throttle_ms: i32, context: &mut LoopContext<'_>) {
        let pause = Duration::from_millis(u64::try_from(throttle_ms).unwrap_or(0));
        if let Some(until) = context.now.checked_add(pause).filter(|_| !pause.is_zero()) {
            context.shared.metrics.throttled.add(1);
            self.muted = Some((until, context.next_number()));
        }
    }

    /// Counts what a request has cost, tells its client to wait if that is too much, and mutes the connection for that time.
    fn charge(
        &mut self,
        position: usize,
        ticket: (ApiKey, i16),
        cost: Option<(&str, Duration)>,
        context: &mut LoopContext<'_>,
    ) {
        let quotas = &context.shared.quotas;
        let user = &self.peer.principal.name;
        let throttle = cost.map_or(0, |(client_id, spent)| quotas.request(user, client_id, spent, context.now_ms));
        let throttle = throttle::put(self.output.added_mut(position), ticket.0, ticket.1, throttle);
        self.mute(throttle, context);
    }

    /// Takes an answer, or drops it where the request does not wait.
    ///
    /// # Errors
    /// There is no answer. The connection has to end: the next response would be taken for the answer.
    pub(super) fn answer(
        &mut self,
        ticket: Ticket,
        frame: &[u8],
        context: &mut LoopContext<'_>,
    ) -> Result<(), EndReason> {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.ticket == ticket) else { return Ok(()) };
        if frame.is_empty() {
            return Err(EndReason::Unanswered(ticket.api_key));
        }
        let position = self.output.position();
        self.output.push_frame(frame);
        let cost = waiting.cost.as_ref().map(|(client_id, spent)| (&**client_id, *spent));
        self.charge(position, (ticket.api_key, ticket.version), cost, context);
        Ok(())
    }

    /// Looks again at what the request waits for. `is_over`: it waits no longer.
    pub(super) fn look(&mut self, context: &mut LoopContext<'_>, is_over: bool) -> Result<(), EndReason> {
        if self.muted.is_some_and(|(until, _)| is_over || until <= context.now) {
            self.muted = None;
        }
        let Some(waiting) = &mut self.waiting else { return Ok(()) };
        if let Some(failure) = waiting.failure.take() {
            return Err(self.fail(*failure));
        }
        let is_over = is_over || waiting.deadline.is_some_and(|deadline| deadline <= context.now);
        let position = self.output.position();
        if is_over && let Some(frame) = waiting.held.take() {
            self.waiting = None;
            let (at, began) = (context.next_request(), Instant::now());
            let handled = api::handle_without_faults(context.shared, &frame, &self.peer, at, &mut self.output);
            return self.settle(handled.map_err(EndReason::Refused)?, &frame, position, began.elapsed(), context);
        }
        let Some(unfinished) = &mut waiting.unfinished else { return Ok(()) };
        if unfinished.look(context.shared, waiting.ticket, is_over, &mut self.output).map_err(EndReason::Refused)? {
            let ticket = (waiting.ticket.api_key, waiting.ticket.version);
            let waiting = self.waiting.take();
            if ticket.0 == ApiKey::Produce {
                // It was charged when it came.
                return Ok(());
            }
            let cost = waiting.as_ref().and_then(|waiting| waiting.cost.as_ref());
            let cost = cost.map(|(client_id, spent)| (&**client_id, *spent));
            self.charge(position, ticket, cost, context);
        }
        Ok(())
    }

    /// Sends, handles and receives as far as possible.
    pub(super) fn turn(&mut self, context: &mut LoopContext<'_>) -> Turn {
        match self.try_turn(context) {
            Ok(turn) => turn,
            Err(reason) => Turn::End(Some(reason)),
        }
    }

    fn try_turn(&mut self, context: &mut LoopContext<'_>) -> Result<Turn, EndReason> {
        for _ in 0..READS_PER_TURN {
            self.handle_kept(context)?;
            if self.has_output() {
                let mut sent = 0;
                let outcome = self.output.send(&mut self.transport, &mut sent).map_err(EndReason::Io)?;
                context.shared.metrics.bytes_sent.add(sent);
                self.last_active = context.now;
                self.output.shrink(BUSY_BUFFER_MAX);
                if outcome == Sent::Blocked && self.output.len() > OUTPUT_MAX {
                    return Ok(Turn::Rest);
                }
            }
            if let Some(waiting) = &self.waiting {
                return Ok(waiting.deadline.map_or(Turn::Rest, Turn::RestUntil));
            }
            if let Some((until, _)) = self.muted.filter(|_| !self.is_draining) {
                return Ok(Turn::RestUntil(until));
            }
            if self.is_draining {
                return Ok(if self.has_output() { Turn::Rest } else { Turn::End(None) });
            }
            if self.has_whole_frame(context)? {
                continue;
            }
            if !self.may_have_input {
                return Ok(Turn::Rest);
            }
            if !self.reserve(context) {
                return Ok(Turn::Stalled);
            }
            if !self.receive(context)? {
                return Ok(Turn::End(None));
            }
        }
        Ok(Turn::Again)
    }

    /// Longest frame that is taken.
    fn frame_max(&self, context: &LoopContext<'_>) -> usize {
        let max = context.shared.request_max();
        self.sasl.as_ref().and_then(|sasl| sasl.frame_max()).map_or(max, |of_sasl| of_sasl.min(max))
    }

    fn has_whole_frame(&self, context: &LoopContext<'_>) -> Result<bool, EndReason> {
        let max = self.frame_max(context);
        Ok(first_frame(self.input.received(), max).map_err(EndReason::Frame)?.is_some())
    }

    /// Receives and handles what arrived; says whether the peer is still there.
    fn receive(&mut self, context: &mut LoopContext<'_>) -> Result<bool, EndReason> {
        let received = if self.input.is_empty() {
            let scratch = std::mem::take(&mut context.scratch);
            let received = self.transport.receive(scratch).map_err(EndReason::from);
            let received = received.and_then(|received| self.note_certificate().map(|()| received));
            let handled = match &received {
                Ok(Received::Some(count) | Received::Last(count)) if *count > 0 => {
                    self.last_active = context.now;
                    let arrived = scratch.get(..*count).unwrap_or_default();
                    self.handle_frames(arrived, context)
                        .map(|used| self.input.keep(arrived.get(used..).unwrap_or_default()))
                }
                _ => Ok(()),
            };
            context.scratch = scratch;
            handled?;
            received?
        } else {
            self.last_active = context.now;
            let max = self.frame_max(context);
            self.input.receive(&mut self.transport, max)?
        };
        // A short read empties the socket, but says nothing of the end after the bytes, which is announced once.
        self.may_have_input = self.has_peer_closed || matches!(received, Received::Some(_));
        Ok(received != Received::Closed)
    }

    /// Takes over whom the peer's certificate names, where that is how it proves who it is.
    fn note_certificate(&mut self) -> Result<(), EndReason> {
        let proven = self.transport.proven().map_err(|Unmapped(name)| EndReason::Certificate(name))?;
        if let Some(principal) = proven.filter(|_| self.sasl.is_none()) {
            self.peer.principal = Arc::new(principal);
        }
        Ok(())
    }

    /// Handles whole frames that were kept.
    fn handle_kept(&mut self, context: &mut LoopContext<'_>) -> Result<(), EndReason> {
        if self.input.is_empty() {
            return Ok(());
        }
        let input = std::mem::take(&mut self.input);
        let used = self.handle_frames(input.received(), context);
        self.input = input;
        let used = used?;
        if used > 0 {
            self.input.consume(used);
            self.input.shrink(BUSY_BUFFER_MAX);
            self.give_back(context.shared);
        }
        Ok(())
    }

    /// Takes room for the frame that has begun, if that is not done; says whether there is room.
    fn reserve(&mut self, context: &LoopContext<'_>) -> bool {
        if self.reserved == 0
            && let Some(frame) = self.input.frame_len()
        {
            if !context.shared.queued.reserve(frame) {
                return false;
            }
            self.reserved = frame;
        }
        true
    }

    /// Gives back the room for a frame that is handled, or will not come.
    pub(super) fn give_back(&mut self, shared: &Shared) {
        shared.queued.release(std::mem::take(&mut self.reserved));
    }

    /// Handles whole frames until one has to wait; says how many bytes were used.
    fn handle_frames(&mut self, bytes: &[u8], context: &mut LoopContext<'_>) -> Result<usize, EndReason> {
        let mut used = 0;
        while self.waiting.is_none() && self.muted.is_none() && !self.is_draining && self.output.len() <= OUTPUT_MAX {
            let rest = bytes.get(used..).unwrap_or_default();
            let Some(frame) = first_frame(rest, self.frame_max(context)).map_err(EndReason::Frame)? else { break };
            used += FRAME_LEN_BYTES + frame.len();
            if self.authenticate(frame, context)? {
                continue;
            }
            if !api::is_produce(frame) || context.shared.faults.is_armed() {
                self.handle(frame, context)?;
                continue;
            }
            let (mut frames, mut gathered) = (vec![frame], frame.len());
            while gathered < GATHERED_MAX
                && let Ok(Some(next)) = first_frame(bytes.get(used..).unwrap_or_default(), context.shared.request_max())
                && api::is_produce(next)
            {
                used += FRAME_LEN_BYTES + next.len();
                gathered += next.len();
                frames.push(next);
            }
            let at = context.next_request();
            let (throttle, unfinished) =
                api::produce(context.shared, &frames, &self.peer, at, &mut self.output).map_err(EndReason::Refused)?;
            self.mute(throttle, context);
            if let Some((ticket, unfinished)) = unfinished {
                let deadline = self.deadline_of(&unfinished, context);
                let (held, failure, cost) = (None, None, None);
                self.waiting = Some(Waiting { ticket, unfinished: Some(unfinished), held, failure, deadline, cost });
            }
        }
        Ok(used)
    }

    /// Handles a frame that is a part of an authentication; says whether it is.
    fn authenticate(&mut self, frame: &[u8], context: &mut LoopContext<'_>) -> Result<bool, EndReason> {
        let Some(sasl) = &mut self.sasl else { return Ok(false) };
        if !sasl.takes(frame, context.now) {
            return if sasl.has_expired(context.now) { Err(EndReason::SessionExpired) } else { Ok(false) };
        }
        let at = context.next_request();
        let (shared, now) = (context.shared, context.now);
        let mut exchange = Exchange { shared, peer: &self.peer, at, now, out: &mut self.output };
        match sasl.receive(frame, &mut exchange) {
            Ok(None) => {}
            Ok(Some(principal)) => {
                shared.metrics.authentications.add(1);
                self.peer.principal = principal;
            }
            Err(failure) => {
                let delay = shared.config.failed_authentication_delay;
                if delay.is_zero() {
                    return Err(self.fail(failure));
                }
                let ticket = Ticket {
                    event_loop: at.event_loop,
                    slot: at.slot,
                    sequence: at.sequence,
                    api_key: ApiKey::SaslAuthenticate,
                    version: 0,
                    correlation_id: 0,
                };
                let failure = Some(Box::new(failure));
                let deadline = now.checked_add(delay);
                self.waiting = Some(Waiting { ticket, unfinished: None, held: None, failure, deadline, cost: None });
            }
        }
        Ok(true)
    }

    /// Answers an authentication that has failed. The connection ends.
    fn fail(&mut self, failure: Failure) -> EndReason {
        self.output.push_frame(&failure.response);
        EndReason::Authentication(failure.error)
    }

    fn handle(&mut self, frame: &[u8], context: &mut LoopContext<'_>) -> Result<(), EndReason> {
        let at = context.next_request();
        let (position, began) = (self.output.position(), Instant::now());
        let handled =
            api::handle(context.shared, frame, &self.peer, at, &mut self.output).map_err(EndReason::Refused)?;
        self.settle(handled, frame, position, began.elapsed(), context)
    }

    /// Counts what a request has cost, and waits for what is left of it. Its answer, if there is one, is at `position`.
    fn settle(
        &mut self,
        handled: Handled,
        frame: &[u8],
        position: usize,
        spent: Duration,
        context: &mut LoopContext<'_>,
    ) -> Result<(), EndReason> {
        let quotas = &context.shared.quotas;
        // `api::produce` charges for what it handles.
        let is_charged = quotas.limits(Kind::Request) && !api::is_produce(frame);
        let header = match is_charged || quotas.limits(Kind::Fetch) {
            true => Some(RequestFrame::parse(frame).map_err(EndReason::Frame)?),
            false => None,
        };
        let cost = header.as_ref().filter(|_| is_charged).map(|header| (Box::from(&*header.client_id), spent));
        let waiting = |ticket| Waiting { ticket, unfinished: None, held: None, failure: None, deadline: None, cost };
        self.waiting = match handled {
            Handled::Done => {
                if let Some(header) = header {
                    let cost = is_charged.then_some((&*header.client_id, spent));
                    self.charge(position, (header.api_key, header.version), cost, context);
                }
                None
            }
            Handled::Later(ticket) => Some(waiting(ticket)),
            Handled::Held(ticket, frame, by) => {
                Some(Waiting { held: Some(frame), deadline: context.now.checked_add(by), ..waiting(ticket) })
            }
            Handled::Waits(ticket, unfinished) => {
                let deadline = self.deadline_of(&unfinished, context);
                Some(Waiting { unfinished: Some(unfinished), deadline, ..waiting(ticket) })
            }
        };
        Ok(())
    }

    /// Until when a request may wait.
    fn deadline_of(&self, unfinished: &Unfinished, context: &LoopContext<'_>) -> Option<Instant> {
        // A peer that has closed its side may be gone: it is answered at once.
        let max_wait = if self.has_peer_closed { Duration::ZERO } else { unfinished.max_wait() };
        context.now.checked_add(max_wait)
    }

    /// Sends what is ready before the connection ends; what the socket does not take is lost.
    pub(super) fn send_last(&mut self) {
        // The peer learns of it by the end of the connection.
        let _ = self.output.send(&mut self.transport, &mut 0);
    }

    /// Gives memory back that is not in use.
    pub(super) fn shrink(&mut self) {
        self.input.shrink(0);
        self.output.shrink(IDLE_OUTPUT_MAX);
    }
}
