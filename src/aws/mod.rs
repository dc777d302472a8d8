//! AWS: the only floor that names the SDK.
//!
//! One file per service ([`sts`], [`iam`], [`guardduty`], [`cloudtrail`], [`ssm`]): plain functions from a [`session::Session`] to domain
//! types, complete over all pages, safe to drop at any `await`. What every call passes through is here once: [`guard`] refuses
//! what is not a read, [`observe`] reports each call, [`lanes`] keeps to the services' budgets, [`fault`] turns SDK errors into
//! advice, [`page`] makes a reader slow down when nobody takes its pages.

mod bodies;
mod call;
mod capture;
mod certificates;
pub mod change;
pub mod clearance;
pub mod cloudtrail;
pub mod containment;
pub mod fault;
pub mod guard;
pub mod guardduty;
pub mod iam;
mod identity;
pub mod lanes;
pub mod observe;
pub mod page;
mod pages;
mod permit;
mod profile;
pub mod read_back;
pub mod reap;
pub mod rotation;
pub mod second_factor;
pub mod secrets_manager;
pub mod session;
pub mod session_audit;
pub mod session_manager;
pub mod ssm;
pub mod sts;
mod time;
