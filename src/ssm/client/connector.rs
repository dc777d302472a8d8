//! Web sockets for one session: the first with the token of its start, every other one with a fresh one.

use std::sync::Arc;

use futures::SinkExt;
use secrecy::ExposeSecret;
use tokio_tungstenite::tungstenite::Message;

use super::dial::{Dialer, Dialled};
use super::gateway::{Gateway, Opened, Refusal};
use crate::ssm::channel::largest::Largest;
use crate::ssm::channel::link::{Connector, NoLink};
use crate::ssm::wire::MessageIds;
use crate::ssm::wire::payload::OpenDataChannel;
use crate::ssm::wire::version;

/// How often the token of the start is tried: it lives for a short time only.
const FIRST_TRIES: u32 = 2;

/// Opens a session's web sockets.
#[derive(Debug)]
pub(super) struct SessionConnector<G> {
    gateway: Arc<G>,
    dialer: Dialer,
    session_id: String,
    first: Option<Opened>,
    tries: u32,
    client_id: String,
    ids: MessageIds,
    largest: Largest,
}

impl<G: Gateway> SessionConnector<G> {
    /// For a session that was just started.
    pub(super) fn new(gateway: Arc<G>, dialer: Dialer, opened: Opened, mut ids: MessageIds, largest: Largest) -> Self {
        let client_id = ids.fresh().to_string();
        Self { gateway, dialer, session_id: opened.session_id.clone(), first: Some(opened), tries: 0, client_id, ids, largest }
    }

    async fn opened(&mut self) -> Result<Opened, NoLink> {
        self.tries = self.tries.saturating_add(1);
        if self.tries > FIRST_TRIES {
            self.first = None;
        }
        if let Some(opened) = self.first.clone() {
            return Ok(opened);
        }
        self.gateway.resume(&self.session_id).await.map_err(no_link)?.ok_or(NoLink::Gone)
    }
}

impl<G: Gateway> Connector for SessionConnector<G> {
    type Link = Dialled;

    async fn connect(&mut self) -> Result<Dialled, NoLink> {
        let opened = self.opened().await?;
        self.dialer.check(&opened.stream_url).map_err(|error| NoLink::Never(error.to_string()))?;
        let headers = self.gateway.sign(&opened.stream_url).await.map_err(no_link)?;
        let (mut socket, largest) = self.dialer.dial(&opened.stream_url, headers).await.map_err(NoLink::Later)?;
        let open = OpenDataChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: self.ids.fresh().to_string(),
            token_value: opened.token.expose_secret().to_owned(),
            client_id: self.client_id.clone(),
            client_version: Some(version::OURS.to_owned()),
        };
        socket.send(Message::Text(open.encode().into())).await.map_err(|error| NoLink::Later(error.to_string()))?;
        self.largest.agree(largest);
        // From now on a token of its own for every web socket.
        self.first = None;
        Ok(socket)
    }
}

fn no_link(refusal: Refusal) -> NoLink {
    match refusal {
        Refusal::Never(why) => NoLink::Never(why),
        Refusal::Later(why) => NoLink::Later(why),
    }
}
