//! Every call as it goes, for the activity pane and the log: started, retried, throttled, done. Never a body.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::RetryConfig;
use aws_types::request_id::RequestId as _;
use tokio::time::Instant;

use super::fault;
use super::permit::Carried;
use super::session::Clock;
use crate::domain::call::{ApiCall, Outcome};
use crate::domain::text::Untrusted;

/// Is told of each change of each call, and numbers the calls: one observer outlives many sessions. Clones share the count.
#[derive(Clone)]
pub struct Observer {
    /// It must be quick: it runs inside the call.
    tell: Arc<dyn Fn(ApiCall) + Send + Sync>,
    count: Arc<AtomicU64>,
}

impl Observer {
    /// Tells `tell` of each change.
    pub fn new(tell: impl Fn(ApiCall) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), count: Arc::default() }
    }

    /// Tells nobody.
    pub fn nobody() -> Self {
        Self::new(|_| ())
    }

    /// What became of a call is known better now. Quick, as [`Observer::new`] says.
    pub(super) fn correct(&self, call: ApiCall) {
        (self.tell)(call);
    }

    /// The number of the next call, from 1.
    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The interceptor of one client.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) service: &'static str,
    pub(crate) region: String,
    pub(crate) observer: Observer,
    pub(crate) clock: Clock,
}

/// One call under way. It lives in the call's own storage: when the call's future is dropped, so is this, and says so.
#[derive(Debug, Clone)]
struct Under(Arc<Way>);

#[derive(Debug)]
struct Way {
    observer: Observer,
    begun: Instant,
    call: Mutex<ApiCall>,
}

impl Storable for Under {
    type Storer = StoreReplace<Self>;
}

impl Way {
    fn change(&self, change: impl FnOnce(&mut ApiCall)) {
        let call = {
            let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut call);
            call.clone()
        };
        (self.observer.tell)(call);
    }

    fn end(&self, outcome: Outcome) {
        let took = u64::try_from(self.begun.elapsed().as_millis()).ok();
        self.change(|call| {
            call.took_ms = took;
            call.outcome = match outcome {
                Outcome::Failed { code, .. } if is_an_answer(&call.operation, code.raw()) => Outcome::Done,
                outcome => outcome,
            };
        });
    }
}

/// Whether an error code is how AWS says no: a user without a password has no login profile, and nothing failed.
fn is_an_answer(operation: &str, code: &str) -> bool {
    (operation, code) == ("GetLoginProfile", "NoSuchEntity")
}

impl Drop for Way {
    fn drop(&mut self) {
        let under_way = {
            let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            matches!(call.outcome, Outcome::InFlight | Outcome::Retrying { .. })
        };
        if under_way {
            self.end(Outcome::Cancelled);
        }
    }
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default().to_owned();
        let call = ApiCall {
            number: self.observer.next(),
            service: self.service.to_owned(),
            operation,
            region: self.region.clone(),
            started: self.clock.now(),
            took_ms: None,
            attempts: 0,
            throttles: 0,
            request_id: None,
            outcome: Outcome::InFlight,
        };
        let way = Way { observer: self.observer.clone(), begun: Instant::now(), call: Mutex::new(call) };
        config.interceptor_state().store_put(Under(Arc::new(way)));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Under(way)) = config.load::<Under>() {
            way.change(|call| call.attempts = call.attempts.saturating_add(1));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Under(way)) = config.load::<Under>() else { return Ok(()) };
        let Some(Err(error)) = context.output_or_error() else {
            if let Some(id) = context.response().and_then(|response| response.request_id()) {
                way.change(|call| call.request_id = Some(id.to_owned()));
            }
            return Ok(());
        };
        let Trouble { code, throttle, passing, .. } = Trouble::of(context.response(), error);
        let id = context.response().and_then(|response| response.request_id()).map(str::to_owned);
        let most = config.load::<RetryConfig>().map_or(1, RetryConfig::max_attempts);
        way.change(|call| {
            call.request_id = id;
            call.throttles = call.throttles.saturating_add(u32::from(throttle));
            if passing && call.attempts < most {
                call.outcome = Outcome::Retrying { reason: Untrusted::new(code) };
            }
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Under(way)) = config.load::<Under>() {
            let permit = config.load::<Carried>().map(Carried::permit);
            way.end(match context.output_or_error() {
                Some(Err(error)) => {
                    let trouble = Trouble::of(context.response(), error);
                    let (code, message) = (Untrusted::new(trouble.code), Untrusted::new(trouble.message));
                    match permit.is_some() && trouble.leaves_unknown {
                        true => Outcome::Unknown { code, message },
                        false => Outcome::Failed { code, message },
                    }
                }
                _ => Outcome::Done,
            });
            if let Some(permit) = permit {
                permit.note(&way.call.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
        Ok(())
    }
}

/// What went wrong with one attempt. The SDK's error has lost its type here, so the answer itself is read.
struct Trouble {
    code: String,
    message: String,
    throttle: bool,
    /// Whether another attempt may succeed.
    passing: bool,
    /// Whether AWS may have done it all the same.
    leaves_unknown: bool,
}

impl Trouble {
    fn of<E: Error + 'static>(response: Option<&HttpResponse>, error: &E) -> Self {
        let words = fault::chain(error);
        let Some(response) = response else {
            let code = if words.contains("timeout") || words.contains("timed out") { "timeout" } else { "not sent" };
            let leaves_unknown = fault::of_unanswered(error).leaves_unknown();
            return Self { code: code.into(), message: words, throttle: false, passing: true, leaves_unknown };
        };
        let status = response.status().as_u16();
        let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
        let code = error_code(response, &body);
        let leaves_unknown = fault::answer_leaves_unknown(code.as_deref(), status);
        let code = code.unwrap_or_else(|| format!("HTTP {status}"));
        let message = error_message(&body).unwrap_or(words);
        let throttle = status == 429 || fault::is_throttle(&code);
        let passing = throttle || fault::is_about_clock(&code) || !(300..500).contains(&status);
        Self { throttle, passing, leaves_unknown, code, message }
    }
}

/// The error code: the header of the REST services, `__type` of the JSON ones, `<Code>` of the XML ones.
fn error_code(response: &HttpResponse, body: &str) -> Option<String> {
    let header = response.headers().get("x-amzn-errortype").and_then(|word| word.split(':').next()).map(str::to_owned);
    header
        .or_else(|| json_member(body, &["__type", "code"]).map(|word| word.rsplit('#').next().unwrap_or_default().to_owned()))
        .or_else(|| element(body, "Code"))
}

fn error_message(body: &str) -> Option<String> {
    json_member(body, &["message", "Message", "errorMessage"]).or_else(|| element(body, "Message"))
}

fn json_member(body: &str, names: &[&str]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    names.iter().find_map(|name| value.get(name)?.as_str().map(str::to_owned))
}

fn element(body: &str, name: &str) -> Option<String> {
    let (_, after) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = after.split_once(&format!("</{name}>"))?;
    quick_xml::escape::unescape(text).ok().map(std::borrow::Cow::into_owned)
}
