//! `DescribeUserScramCredentials`, key 50.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST_USER_NAME: Struct =
    Struct { name: "UserName", highest: 0, fields: &[field("name", String)] };

/// `DescribeUserScramCredentialsRequest.json`.
pub static DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: Message = Message {
    name: "DescribeUserScramCredentialsRequest",
    api_key: 50,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("users", Array(&Struct(&DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST_USER_NAME))).nullable()],
};

static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_CREDENTIAL_INFO: Struct =
    Struct { name: "CredentialInfo", highest: 0, fields: &[field("mechanism", Int8), field("iterations", Int32)] };

static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_DESCRIBE_USER_SCRAM_CREDENTIALS_RESULT: Struct = Struct {
    name: "DescribeUserScramCredentialsResult",
    highest: 0,
    fields: &[
        field("user", String),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("credentialInfos", Array(&Struct(&DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_CREDENTIAL_INFO))),
    ],
};

/// `DescribeUserScramCredentialsResponse.json`.
pub static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: Message = Message {
    name: "DescribeUserScramCredentialsResponse",
    api_key: 50,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field(
            "results",
            Array(&Struct(&DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_DESCRIBE_USER_SCRAM_CREDENTIALS_RESULT)),
        ),
    ],
};

/// The API.
pub static DESCRIBE_USER_SCRAM_CREDENTIALS: Api = Api {
    key: 50,
    name: "DescribeUserScramCredentials",
    versions: Versions(0, 0),
    request: &DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST,
    response: &DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE,
};
