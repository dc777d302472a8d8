//! The embedded AWS: one deterministic world behind the real wire protocols.
//!
//! A [`World`] holds one AWS account and answers HTTP requests as AWS would: the service is told by the SigV4 scope of
//! `Authorization`, the signature is checked, the reply has the protocol's exact shape. Two adapters carry it: [`in_process`]
//! puts it under the unmodified SDK without a socket, [`listen`] serves it on loopback to any other client.
//!
//! | file | what |
//! |---|---|
//! | [`world`] | `World`: from an HTTP request to a [`wire::Reply`] |
//! | [`account`] | everything that exists in the account; the services change it under one lock |
//! | [`route`], [`auth`] | which operation a request means, and who may ask |
//! | [`fault`] | bad days on purpose: throttling, latency, denial, resets … |
//! | [`ids`], [`clock`] | made-up ids in AWS's forms, virtual time |
//! | [`wire`] | awsQuery XML, awsJson 1.1, restJson 1 |
//! | [`svc`] | one folder or file per AWS service |
//! | [`agent`] | Session Manager's agent: shells, commands and ports of this machine |
//! | [`scenario`] | the stories that fill an account |

pub mod account;
pub mod agent;
pub mod auth;
pub mod clock;
mod failure;
pub mod fault;
pub mod ids;
pub mod in_process;
pub mod listen;
pub mod load;
pub mod route;
pub mod scenario;
pub mod svc;
pub mod token;
pub mod wire;
pub mod world;

pub use account::Account;
pub use scenario::UnknownScenario;
pub use world::{Options, World};
