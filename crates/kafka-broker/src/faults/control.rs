//! The endpoint of `kafka-broker --ephemeral --control`: [`Faults`] over HTTP, with JSON in and out.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use kafka_rpc::{ApiKey, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Effect, Fault, Faults};
use crate::http::{HttpServer, Request, Response};

/// Numbers of errors of Kafka.
const ERROR_CODES: std::ops::RangeInclusive<i16> = -1..=1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    api: String,
    client_id: Option<String>,
    #[serde(default = "once")]
    times: u32,
    error: Option<String>,
    delay_ms: Option<u64>,
    #[serde(default)]
    drop: bool,
}

const fn once() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTime {
    freeze: Option<bool>,
    #[serde(default)]
    advance_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    group: String,
    member: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    group: String,
    #[serde(default)]
    away_ms: u64,
}

/// Why a request is not carried out.
enum ControlError {
    NotFound,
    Invalid(String),
}

impl<E: std::error::Error> From<E> for ControlError {
    fn from(error: E) -> Self {
        ControlError::Invalid(error.to_string())
    }
}

/// Serves until it is stopped.
pub(crate) fn serve(listener: TcpListener, faults: Faults) -> io::Result<HttpServer> {
    HttpServer::start(listener, "control", move |request| {
        let (status, body) = match handle(&faults, request) {
            Ok(body) => ("200 OK", body),
            Err(ControlError::NotFound) => ("404 Not Found", json!({"error": "there is nothing here"})),
            Err(ControlError::Invalid(why)) => ("400 Bad Request", json!({"error": why})),
        };
        Response { status, content_type: "application/json", body: format!("{body}\n") }
    })
}

fn handle(faults: &Faults, request: &Request<'_>) -> Result<Value, ControlError> {
    match (request.method, request.path) {
        ("GET", "/faults") => {
            let waiting: Vec<Value> = faults.waiting().iter().map(|(id, fault)| shown(*id, fault)).collect();
            Ok(json!({"faults": waiting}))
        }
        ("POST", "/faults") => {
            let fault = fault(serde_json::from_slice(request.body)?)?;
            Ok(json!({"id": faults.add(fault)?}))
        }
        ("DELETE", "/faults") => {
            faults.clear();
            Ok(json!({}))
        }
        ("GET", "/time") => Ok(time(faults)),
        ("POST", "/time") => {
            let new: NewTime = serde_json::from_slice(request.body)?;
            match new.freeze {
                Some(true) => faults.freeze_time(),
                Some(false) => faults.resume_time(),
                None => {}
            }
            faults.advance_time(Duration::from_millis(new.advance_ms));
            Ok(time(faults))
        }
        ("POST", "/groups/expire") => {
            let Expiry { group, member } = serde_json::from_slice(request.body)?;
            let ended = match member {
                Some(member) => faults.expire_member(&group, &member),
                None => faults.expire_group(&group),
            };
            let ended = ended.map_err(|code| ControlError::Invalid(code.name().to_owned()))?;
            Ok(json!({"ended": ended}))
        }
        ("POST", "/groups/move") => {
            let Move { group, away_ms } = serde_json::from_slice(request.body)?;
            Ok(json!({"partition": faults.move_coordinator(&group, Duration::from_millis(away_ms))}))
        }
        _ => Err(ControlError::NotFound),
    }
}

fn time(faults: &Faults) -> Value {
    json!({"now_ms": faults.now_ms(), "frozen": faults.is_frozen()})
}

fn fault(new: NewFault) -> Result<Fault, ControlError> {
    let invalid = |why: String| ControlError::Invalid(why);
    let api = ApiKey::ALL.iter().copied().find(|api| api.name() == new.api);
    let api = api.ok_or_else(|| invalid(format!("there is no API {}", new.api)))?;
    let fault = match (new.error, new.delay_ms, new.drop) {
        (Some(name), None, false) => {
            let error = ERROR_CODES.filter_map(ErrorCode::from_code).find(|code| code.name() == name);
            Fault::fail(api, error.ok_or_else(|| invalid(format!("there is no error {name}")))?)
        }
        (None, Some(delay_ms), false) => Fault::delay(api, Duration::from_millis(delay_ms)),
        (None, None, true) => Fault::drop_connection(api),
        _ => return Err(invalid("one of error, delay_ms and drop has to be given".to_owned())),
    };
    let fault = fault.times(new.times);
    Ok(match new.client_id {
        Some(client_id) => fault.of_client(client_id),
        None => fault,
    })
}

fn shown(id: u64, fault: &Fault) -> Value {
    let mut shown = json!({"id": id, "api": fault.api.name(), "times": fault.times});
    if let Some(client_id) = &fault.client_id {
        shown["client_id"] = client_id.as_str().into();
    }
    match fault.effect {
        Effect::Fail(code) => shown["error"] = code.name().into(),
        Effect::Delay(by) => shown["delay_ms"] = u64::try_from(by.as_millis()).unwrap_or(u64::MAX).into(),
        Effect::Drop => shown["drop"] = true.into(),
    }
    shown
}
