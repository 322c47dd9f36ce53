import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.OkpJwkGenerator;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.EllipticCurves;

/**
 * Makes keys and tokens, good and bad, and prints what Kafka's validators say of each:
 * {@code now MS}, {@code skew SECONDS}, {@code keys JSON}, then lines of {@code validator settings token verdict}, divided by tabs.
 * Times are far from the limits, so that it does not matter how long this takes.
 * A verdict is a principal and the time in ms when it ends, or {@code refused}. Argument: a file for the keys.
 */
public class Tokens {
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static final long NOW = System.currentTimeMillis() / 1000;
    static Path keys;

    public static void main(String[] args) throws Exception {
        keys = Path.of(args[0]);
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", keys.toUri().toString());
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.files", keys.toString());
        PublicJsonWebKey rsa = named(RsaJwkGenerator.generateJwk(2048), "rsa"), other = named(RsaJwkGenerator.generateJwk(2048), "other");
        PublicJsonWebKey ec256 = named(EcJwkGenerator.generateJwk(EllipticCurves.P256), "ec256");
        PublicJsonWebKey ec384 = named(EcJwkGenerator.generateJwk(EllipticCurves.P384), "ec384");
        PublicJsonWebKey ed = named(OkpJwkGenerator.generateJwk(OctetKeyPairJsonWebKey.SUBTYPE_ED25519), "ed");
        PublicJsonWebKey bound = named(RsaJwkGenerator.generateJwk(2048), "bound");
        bound.setAlgorithm("RS384");
        PublicJsonWebKey sealing = named(RsaJwkGenerator.generateJwk(2048), "sealing");
        sealing.setUse("enc");
        PublicJsonWebKey stranger = named(RsaJwkGenerator.generateJwk(2048), "rsa"), unknown = named(RsaJwkGenerator.generateJwk(2048), "unknown");
        String set = new JsonWebKeySet(bound, rsa, other, ec256, ec384, ed, sealing).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);
        Files.writeString(keys, set);
        OUT.println("now " + NOW * 1000);
        OUT.println("skew 1800");
        OUT.println("keys " + set);

        String good = claims("");
        for (String algorithm : List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")) secured("", sign(rsa, algorithm, "rsa", good));
        secured("", sign(ec256, "ES256", "ec256", good));
        secured("", sign(ec384, "ES384", "ec384", good));
        secured("", sign(ed, "EdDSA", "ed", good));
        // Keys: the wrong one, none, several that fit, one for other uses.
        secured("", sign(stranger, "RS256", "rsa", good));
        secured("", sign(unknown, "RS256", "unknown", good));
        secured("", sign(rsa, "RS256", "ec256", good));
        secured("", sign(ec256, "ES256", null, good));
        secured("", sign(bound, "RS384", null, good));
        secured("", sign(rsa, "RS256", null, good));
        secured("", sign(other, "RS256", null, good));
        secured("", sign(bound, "RS256", "bound", good));
        secured("", sign(sealing, "RS256", "sealing", good));
        // Forms.
        String token = sign(rsa, "RS256", "rsa", good);
        String[] parts = token.split("\\.");
        for (String form : List.of("", "a", "a.b", "a.b.c", "a.b.c.d", parts[0] + "." + parts[1] + ".", parts[0] + ".." + parts[2], "." + parts[1] + "." + parts[2],
                token + ".", token.substring(0, token.length() - 8), parts[0] + "." + b64(good.replace("alice", "root")) + "." + parts[2],
                b64("{\"alg\":\"none\"}") + "." + parts[1] + ".", b64("{\"alg\":\"none\"}") + "." + parts[1] + "." + parts[2],
                b64("{}") + "." + parts[1] + "." + parts[2], b64("{\"alg\":\"HS256\",\"kid\":\"rsa\"}") + "." + parts[1] + "." + parts[2],
                b64("[]") + "." + parts[1] + "." + parts[2], "e30." + parts[1] + "." + parts[2])) {
            secured("", form);
        }
        secured("", header(rsa, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"x\"],\"x\":1}", good));
        secured("", header(rsa, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}", good));
        secured("", header(rsa, "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"rsa\"}", good));
        // Claims.
        for (String claims : List.of("[]", "{", "{}", "null", good + " ", good.replace("}", ",\"sub\":\"root\"}"),
                claims(",\"aud\":\"a\""), claims(",\"aud\":[]"), claims(",\"aud\":null"), claims(",\"aud\":[\"a\",\"b\"]"), claims(",\"aud\":[1]"), claims(",\"aud\":{}"),
                claims(",\"iss\":\"i\""), claims(",\"iss\":1"), claims(",\"iss\":\"i \""), claims(",\"iss\":\"I\""), claims(",\"iss\":\"i\",\"aud\":\"b\""),
                claims(",\"jti\":1"), claims(",\"nbf\":" + (NOW - 100)), claims(",\"nbf\":" + (NOW + 900)), claims(",\"nbf\":" + (NOW + 2700)),
                claims(",\"nbf\":" + (NOW + 72000)), claims(",\"nbf\":\"x\""), claims(",\"scope\":\"a b\""), claims(",\"scope\":[\"a\",\"b\"]"),
                claims(",\"scope\":[\"a\",\"a\"]"), claims(",\"scope\":[\"a\",\" a\"]"), claims(",\"scope\":\" \""), claims(",\"scope\":\"\""), claims(",\"scope\":[\"\"]"), claims(",\"scope\":1"),
                claims(",\"scope\":[]"), claims(",\"scp\":[\"a\",\"a\"]"), claims(",\"email\":\"alice@example.com\""), claims(",\"email\":7"),
                all("\"alice\"", "" + (NOW - 900), "" + (NOW - 9000)), all("\"alice\"", "" + (NOW - 2700), "" + (NOW - 9000)), all("\"alice\"", (NOW + 900) + ".7", "" + (NOW - 900)),
                all("\"alice\"", "-1", "-2"), all("\"alice\"", (NOW + 900) + ".75", (NOW - 1) + ".5"), all("\"alice\"", "\"" + (NOW + 900) + "\"", "" + NOW),
                all("\"alice\"", "1e3", "1"), all("\"alice\"", "1e30", "1"), all("\"alice\"", "99999999999999999999", "1"), all("\"alice\"", "9223372036854775807", "1"),
                all("\"alice\"", "9223372036854775", "1"), all("\"alice\"", "null", "1"), all("\"alice\"", "" + (NOW + 900), "null"), all("\"alice\"", "" + (NOW + 900), "-5"),
                all("\"alice\"", "" + (NOW + 900), "" + (NOW + 1000)), all("\"alice\"", "" + (NOW + 900), "" + (NOW + 600)), all("\"\"", "" + (NOW + 900), "1"),
                all("\" \"", "" + (NOW + 900), "1"), all("\" al ice \"", "" + (NOW + 900), "1"), all("7", "" + (NOW + 900), "1"), all("null", "" + (NOW + 900), "1"),
                all("\"\\u00e4\\u4e16\"", "" + (NOW + 900), "1"), "{\"sub\":\"alice\",\"iat\":1}", "{\"sub\":\"alice\",\"exp\":" + (NOW + 900) + "}", "{\"iat\":1,\"exp\":" + (NOW + 900) + "}")) {
            String signed = sign(rsa, "RS256", "rsa", claims);
            secured("", signed);
            secured("aud=a", signed);
            secured("aud=b,c iss=i", signed);
            secured("sub=email scope=scp", signed);
            // Of two members with one name Kafka's reader of unsecured tokens takes the last; ours takes no such token.
            if (claims.endsWith(",\"sub\":\"root\"}")) continue;
            unsecured("", b64("{\"alg\":\"none\"}") + "." + b64(claims) + ".");
            unsecured("unsecuredValidatorRequiredScope=a unsecuredValidatorAllowableClockSkewMs=1800000", b64("{\"alg\":\"none\"}") + "." + b64(claims) + ".");
            unsecured("unsecuredValidatorPrincipalClaimName=email unsecuredValidatorScopeClaimName=scp", b64("{\"alg\":\"none\"}") + "." + b64(claims) + ".");
        }
        unsecured("", token);
        for (String header : List.of("{}", "{\"alg\":\"None\"}", "{\"alg\":null}", "{\"alg\":\"none\",\"typ\":\"x\"}", "[]", "{")) unsecured("", b64(header) + "." + b64(good) + ".");
        unsecured("", b64("{\"alg\":\"none\"}") + "." + b64(good));
        unsecured("", b64("{\"alg\":\"none\"}") + "." + b64(good) + ".e30");
    }

    static PublicJsonWebKey named(PublicJsonWebKey key, String id) {
        key.setKeyId(id);
        return key;
    }

    static String all(String sub, String exp, String iat) {
        return "{\"sub\":" + sub + ",\"exp\":" + exp + ",\"iat\":" + iat + "}";
    }

    static String claims(String more) {
        return "{\"sub\":\"alice\",\"exp\":" + (NOW + 9000) + ",\"iat\":" + (NOW - 10) + more + "}";
    }

    static String b64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    static String sign(PublicJsonWebKey key, String algorithm, String id, String claims) throws Exception {
        JsonWebSignature signature = new JsonWebSignature();
        signature.setAlgorithmHeaderValue(algorithm);
        if (id != null) signature.setKeyIdHeaderValue(id);
        signature.setKey(key.getPrivateKey());
        signature.setPayload(claims);
        return signature.getCompactSerialization();
    }

    /** RS256 over a header as it is. */
    static String header(PublicJsonWebKey key, String header, String claims) throws Exception {
        String signed = b64(header) + "." + b64(claims);
        java.security.Signature signature = java.security.Signature.getInstance("SHA256withRSA");
        signature.initSign(key.getPrivateKey());
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
    }

    static void secured(String settings, String token) throws Exception {
        Map<String, Object> configs = new HashMap<>(Map.of("sasl.oauthbearer.jwks.endpoint.url", keys.toUri().toString(), "sasl.oauthbearer.clock.skew.seconds", 1800,
            "sasl.oauthbearer.scope.claim.name", "scope", "sasl.oauthbearer.sub.claim.name", "sub", "sasl.oauthbearer.expected.audience", List.of()));
        for (String setting : settings.isEmpty() ? new String[0] : settings.split(" ")) {
            String[] pair = setting.split("=");
            switch (pair[0]) {
                case "aud" -> configs.put("sasl.oauthbearer.expected.audience", List.of(pair[1].split(",")));
                case "iss" -> configs.put("sasl.oauthbearer.expected.issuer", pair[1]);
                case "sub" -> configs.put("sasl.oauthbearer.sub.claim.name", pair[1]);
                default -> configs.put("sasl.oauthbearer.scope.claim.name", pair[1]);
            }
        }
        BrokerJwtValidator validator = new BrokerJwtValidator();
        validator.configure(configs, "OAUTHBEARER", List.of(module(Map.of())));
        String verdict;
        try {
            verdict = verdict(validator.validate(token));
        } catch (RuntimeException e) {
            verdict = "refused";
        }
        OUT.println("secured\t" + settings + "\t" + token + "\t" + verdict);
        validator.close();
    }

    static void unsecured(String settings, String token) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (String setting : settings.isEmpty() ? new String[0] : settings.split(" ")) options.put(setting.split("=")[0], setting.split("=")[1]);
        OAuthBearerUnsecuredValidatorCallbackHandler handler = new OAuthBearerUnsecuredValidatorCallbackHandler();
        handler.configure(Map.of(), "OAUTHBEARER", List.of(module(options)));
        String verdict;
        try {
            OAuthBearerValidatorCallback callback = new OAuthBearerValidatorCallback(token);
            handler.handle(new OAuthBearerValidatorCallback[] {callback});
            verdict = callback.token() == null ? "refused" : verdict(callback.token());
        } catch (RuntimeException e) {
            verdict = "refused";
        }
        OUT.println("unsecured\t" + settings + "\t" + token + "\t" + verdict);
    }

    static AppConfigurationEntry module(Map<String, String> options) {
        return new AppConfigurationEntry("org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
            AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options);
    }

    static String verdict(OAuthBearerToken token) {
        return token.principalName() + " " + token.lifetimeMs();
    }
}
