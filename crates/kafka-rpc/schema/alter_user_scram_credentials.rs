//! `AlterUserScramCredentials`, key 51.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_DELETION: Struct =
    Struct { name: "ScramCredentialDeletion", highest: 0, fields: &[field("name", String), field("mechanism", Int8)] };

static ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_UPSERTION: Struct = Struct {
    name: "ScramCredentialUpsertion",
    highest: 0,
    fields: &[
        field("name", String),
        field("mechanism", Int8),
        field("iterations", Int32),
        field("salt", Bytes),
        field("saltedPassword", Bytes),
    ],
};

/// `AlterUserScramCredentialsRequest.json`.
pub static ALTER_USER_SCRAM_CREDENTIALS_REQUEST: Message = Message {
    name: "AlterUserScramCredentialsRequest",
    api_key: 51,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("deletions", Array(&Struct(&ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_DELETION))),
        field("upsertions", Array(&Struct(&ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_UPSERTION))),
    ],
};

static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE_ALTER_USER_SCRAM_CREDENTIALS_RESULT: Struct = Struct {
    name: "AlterUserScramCredentialsResult",
    highest: 0,
    fields: &[field("user", String), field("errorCode", Int16), field("errorMessage", String).nullable()],
};

/// `AlterUserScramCredentialsResponse.json`.
pub static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: Message = Message {
    name: "AlterUserScramCredentialsResponse",
    api_key: 51,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&ALTER_USER_SCRAM_CREDENTIALS_RESPONSE_ALTER_USER_SCRAM_CREDENTIALS_RESULT))),
    ],
};

/// The API.
pub static ALTER_USER_SCRAM_CREDENTIALS: Api = Api {
    key: 51,
    name: "AlterUserScramCredentials",
    versions: Versions(0, 0),
    request: &ALTER_USER_SCRAM_CREDENTIALS_REQUEST,
    response: &ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
};
