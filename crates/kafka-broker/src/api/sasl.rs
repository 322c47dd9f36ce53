//! SaslHandshake, 0 and 1, and SaslAuthenticate, 0 to 2, from clients that are authenticated already, or need not be.

use kafka_rpc::messages::{SaslAuthenticateResponse, SaslHandshakeResponse};
use kafka_rpc::{ApiKey, ErrorCode};

use super::{Call, Handled, Refusal};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let error_code = ErrorCode::IllegalSaslState.code();
    if call.request.api_key == ApiKey::SaslHandshake {
        return call.respond(&SaslHandshakeResponse { error_code, mechanisms: Vec::new() });
    }
    let error_message = Some("SaslAuthenticate request received after successful authentication".into());
    call.respond(&SaslAuthenticateResponse { error_code, error_message, ..Default::default() })
}
