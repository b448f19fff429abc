"""What secures a broker of the tests: listeners, users, certificates, and who may do what."""

from tests.services.tls import Authority

USERS = {"admin": "admin-secret", "exporter": "exporter-secret"}
"""Who may connect by SASL PLAIN to a secured cluster; `admin` may do everything, the others what ACLs allow."""

SECURED_LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
    "SSL": "SSL",
    "SASL_SSL": "SASL_SSL",
    "OAUTH": "SASL_PLAINTEXT",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
}
"""Each listener with its protocol: one for tokens, one with a certificate of yesterday, one with another host's."""

_OAUTH = "org.apache.kafka.common.security.oauthbearer"


def security_properties(authority: Authority) -> dict[str, str]:
    """A broker's configuration for the secured listeners, with certificates that `authority` issues."""
    return {
        **_sasl_properties(),
        **_token_properties(),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.issue("broker", hosts=["localhost"]).both),
        "listener.name.expired.ssl.keystore.location": str(
            authority.issue("expired-broker", hosts=["localhost"], expired=True).both
        ),
        "listener.name.elsewhere.ssl.keystore.location": str(
            authority.issue("broker-elsewhere", hosts=["kafka.example.org"], elsewhere=True).both
        ),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "ssl.client.auth": "requested",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]*).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:admin",
        "allow.everyone.if.no.acl.found": "false",
    }


def _sasl_properties() -> dict[str, str]:
    users = " ".join(f'user_{name}="{password}"' for name, password in USERS.items())
    modules = {
        "plain": f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
        "scram-sha-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "scram-sha-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }
    return {
        "sasl.enabled.mechanisms": ",".join(name.upper() for name in modules),
        **{
            f"listener.name.{listener}.{mechanism}.sasl.jaas.config": module
            for listener in ("sasl_plaintext", "sasl_ssl")
            for mechanism, module in modules.items()
        },
    }


def _token_properties() -> dict[str, str]:
    """The listener for tokens believes what an unsigned token says, as Kafka does out of the box."""
    unsecured = f"{_OAUTH}.internals.unsecured.OAuthBearerUnsecured"
    properties = {
        "sasl.jaas.config": f"{_OAUTH}.OAuthBearerLoginModule required;",
        "sasl.login.callback.handler.class": f"{unsecured}LoginCallbackHandler",
        "sasl.server.callback.handler.class": f"{unsecured}ValidatorCallbackHandler",
        # A connection lives as long as its token, and must show a new one before.
        "connections.max.reauth.ms": "3600000",
    }
    return {
        "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
        **{f"listener.name.oauth.oauthbearer.{name}": value for name, value in properties.items()},
    }
