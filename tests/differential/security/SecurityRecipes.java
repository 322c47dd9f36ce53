import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.utils.Time;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;

/**
 * The recipes of docs/security.md with Kafka's own clients against our broker, and our tools against a broker of Kafka's.
 * Every secret has the word "swordfish", which no log may have. Arguments: folder of our binaries, an empty folder, first of five free ports.
 */
public class SecurityRecipes {
    static final String SECRET = "swordfish";
    static final String PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
    static final String SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required ";
    static final String OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ";
    static final String PACKAGE = "org.apache.kafka.common.security.oauthbearer.";
    static final String UNSECURED = PACKAGE + "internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler";
    static final String AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

    static Path binaries, folder;
    static int port, checks, failures, topics;
    static final List<Process> brokers = new ArrayList<>();
    static HttpServer issuer;
    static volatile String jwks, issued;
    static volatile int asked;

    public static void main(String[] args) {
        int code = 1;
        try {
            binaries = Path.of(args[0]);
            folder = Path.of(args[1]);
            port = Integer.parseInt(args[2]);
            makeKeys();
            startIssuer();
            sasl();
            oauth();
            tls();
            ourTools();
            brokers.forEach(Process::destroy);
            for (Process broker : brokers) broker.waitFor(10, TimeUnit.SECONDS);
            logs();
            System.out.println(checks + " checks, " + failures + " failed");
            code = failures == 0 ? 0 : 1;
        } catch (Throwable e) {
            e.printStackTrace(System.out);
        }
        brokers.forEach(Process::destroyForcibly);
        System.out.flush();
        Runtime.getRuntime().halt(code);
    }

    // Brokers and clients.

    /** Starts our broker; gives its address. */
    static String broker(String name, String... settings) throws Exception {
        List<String> command = new ArrayList<>(List.of(binaries.resolve("kafka-broker").toString(), "--ephemeral", "--log-level", "trace"));
        for (String setting : settings) command.addAll(List.of("--override", setting));
        Process broker = new ProcessBuilder(command).redirectError(folder.resolve(name + ".log").toFile()).start();
        brokers.add(broker);
        String address = new BufferedReader(new InputStreamReader(broker.getInputStream())).readLine();
        if (address == null) throw new IllegalStateException(name + " has not started: " + Files.readString(folder.resolve(name + ".log")));
        return address;
    }

    /** Whether our broker refuses to start, with these words. */
    static void refused(String name, String words, String... settings) throws Exception {
        try {
            broker("refused", settings);
            check(name, words, "started");
        } catch (IllegalStateException e) {
            check(name, words, e.getMessage());
        }
    }

    static Map<String, Object> client(String address, String... settings) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", address, "default.api.timeout.ms", 15000, "request.timeout.ms", 5000));
        for (String setting : settings) all.put(setting.split("=", 2)[0], setting.split("=", 2)[1]);
        return all;
    }

    /** What becomes of a topic that a client creates, which only a super user may. */
    static String attempt(Map<String, Object> client) {
        try (Admin admin = Admin.create(client)) {
            admin.createTopics(List.of(new NewTopic("topic-" + topics++, 1, (short) 1))).all().get();
            return "ok";
        } catch (ExecutionException e) {
            return causes(e.getCause());
        } catch (Exception e) {
            return causes(e);
        }
    }

    static String causes(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) text.append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage()).append("; ");
        return text.toString();
    }

    static void check(String name, String expected, String found) {
        checks++;
        if (found.contains(expected)) return;
        failures++;
        System.out.println("FAILED: " + name + "\n  expected: " + expected + "\n  found:    " + found);
    }

    static void check(String name, String expected, Map<String, Object> client) {
        check(name, expected, attempt(client));
    }

    // PLAIN and SCRAM.

    static void sasl() throws Exception {
        String address = broker("sasl", "listeners=SASL_PLAINTEXT://127.0.0.1:0", "security.inter.broker.protocol=SASL_PLAINTEXT",
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512", "authorizer.class.name=" + AUTHORIZER, "super.users=User:admin;User:bob",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config=" + PLAIN + "user_admin=\"admin-" + SECRET + "\" user_alice=\"alice-" + SECRET + "\";");
        String[] plain = {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", ""};
        plain[2] = "sasl.jaas.config=" + PLAIN + "username=admin password=\"admin-" + SECRET + "\";";
        check("PLAIN", "ok", client(address, plain));
        try (Admin admin = Admin.create(client(address, plain))) {
            List<org.apache.kafka.clients.admin.UserScramCredentialAlteration> users = new ArrayList<>();
            for (ScramMechanism mechanism : List.of(ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)) {
                users.add(new UserScramCredentialUpsertion("bob", new ScramCredentialInfo(mechanism, 4096), "bob-" + SECRET));
            }
            for (var user : users) admin.alterUserScramCredentials(List.of(user)).all().get();
        }
        for (String mechanism : List.of("SCRAM-SHA-256", "SCRAM-SHA-512")) {
            String[] scram = {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=" + mechanism, "sasl.jaas.config=" + SCRAM + "username=bob password=\"bob-" + SECRET + "\";"};
            check(mechanism, "ok", client(address, scram));
            scram[2] = scram[2].replace("bob-", "wrong-");
            check(mechanism + ", wrong password", "SaslAuthenticationException: Authentication failed during authentication due to invalid credentials with SASL mechanism " + mechanism, client(address, scram));
        }
        plain[2] = "sasl.jaas.config=" + PLAIN + "username=alice password=\"alice-" + SECRET + "\";";
        check("a user who may not", "TopicAuthorizationException", client(address, plain));
        plain[2] = plain[2].replace("alice-", "admin-");
        check("PLAIN, wrong password", "SaslAuthenticationException: Authentication failed: Invalid username or password", client(address, plain));
        plain[1] = "sasl.mechanism=OAUTHBEARER";
        plain[2] = "sasl.jaas.config=" + OAUTH + "unsecuredLoginStringClaim_sub=admin;";
        check("a mechanism that is not enabled", "UnsupportedSaslMechanismException: Client SASL mechanism 'OAUTHBEARER' not enabled in the server, enabled mechanisms are [PLAIN, SCRAM-SHA-256, SCRAM-SHA-512]", client(address, plain));
        check("no login", "TimeoutException", client(address, "security.protocol=PLAINTEXT", "default.api.timeout.ms=5000"));
        check("a token of 600 KB", "closed", huge(address));
    }

    /** A handshake for PLAIN and a frame that is too large. */
    static String huge(String address) throws Exception {
        try (Socket socket = new Socket(address.split(":")[0], Integer.parseInt(address.split(":")[1]))) {
            socket.setSoTimeout(10_000);
            byte[] handshake = {0, 17, 0, 1, 0, 0, 0, 1, -1, -1, 0, 5, 'P', 'L', 'A', 'I', 'N'};
            socket.getOutputStream().write(ByteBuffer.allocate(4 + handshake.length).putInt(handshake.length).put(handshake).array());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.readNBytes(in.readInt());
            socket.getOutputStream().write(ByteBuffer.allocate(600_004).putInt(600_000).array());
            return in.read() < 0 ? "closed" : "answered";
        } catch (java.net.SocketException e) {
            return "closed";
        }
    }

    // OAUTHBEARER.

    static RsaJsonWebKey key(String id) throws Exception {
        RsaJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
        key.setKeyId(id);
        return key;
    }

    static String set(RsaJsonWebKey... keys) {
        return new JsonWebKeySet(keys).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);
    }

    static String token(RsaJsonWebKey key, String sub, int seconds, String more) throws Exception {
        long now = System.currentTimeMillis() / 1000;
        JsonWebSignature signature = new JsonWebSignature();
        signature.setAlgorithmHeaderValue("RS256");
        signature.setKeyIdHeaderValue(key.getKeyId());
        signature.setKey(key.getPrivateKey());
        signature.setPayload("{\"sub\":\"" + sub + "\",\"iat\":" + (now - 60) + ",\"exp\":" + (now + seconds) + ",\"iss\":\"issuer\",\"aud\":\"kafka\"" + more + "}");
        return signature.getCompactSerialization();
    }

    static void startIssuer() throws Exception {
        issuer = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        issuer.createContext("/", exchange -> {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked++;
            String expected = "Basic " + Base64.getEncoder().encodeToString(("client:client-" + SECRET).getBytes());
            boolean isToken = exchange.getRequestURI().getPath().equals("/token");
            boolean isAllowed = !isToken || expected.equals(authorization) && body.equals("grant_type=client_credentials&scope=a+b");
            byte[] answer = (isToken ? isAllowed ? "{\"access_token\":\"" + issued + "\",\"token_type\":\"Bearer\"}" : "{\"error\":\"invalid_client\"}" : jwks).getBytes();
            exchange.sendResponseHeaders(isAllowed ? 200 : 401, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        issuer.start();
        String url = "http://127.0.0.1:" + port;
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", Stream.of("/token", "/keys").map(path -> url + path).collect(Collectors.joining(","))
            + "," + folder.resolve("token").toUri() + "," + folder.resolve("keys.json").toUri());
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.files", folder.resolve("token") + "," + folder.resolve("keys.json"));
    }

    static String[] oauthListener(String jwksUrl) {
        String prefix = "listener.name.sasl_plaintext.oauthbearer.sasl.";
        return new String[] {"listeners=SASL_PLAINTEXT://127.0.0.1:0", "security.inter.broker.protocol=SASL_PLAINTEXT", "sasl.enabled.mechanisms=OAUTHBEARER",
            "authorizer.class.name=" + AUTHORIZER, "super.users=User:admin", "sasl.oauthbearer.expected.audience=kafka", "sasl.oauthbearer.expected.issuer=issuer",
            "sasl.oauthbearer.jwks.endpoint.url=" + jwksUrl, prefix + "server.callback.handler.class=" + PACKAGE + "OAuthBearerValidatorCallbackHandler",
            prefix + "jaas.config=" + OAUTH + ";"};
    }

    static String[] fromFile(String token) throws Exception {
        Files.writeString(folder.resolve("token"), token);
        return new String[] {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER", "sasl.jaas.config=" + OAUTH + ";",
            "sasl.login.callback.handler.class=" + PACKAGE + "OAuthBearerLoginCallbackHandler", "sasl.oauthbearer.token.endpoint.url=" + folder.resolve("token").toUri()};
    }

    static String[] fromIssuer(String secret) {
        return new String[] {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER", "sasl.login.callback.handler.class=" + PACKAGE + "OAuthBearerLoginCallbackHandler",
            "sasl.jaas.config=" + OAUTH + "clientId=client clientSecret=\"" + secret + "\" scope=\"a b\" extension_traceId=x;",
            "sasl.oauthbearer.token.endpoint.url=http://127.0.0.1:" + port + "/token"};
    }

    static void oauth() throws Exception {
        RsaJsonWebKey first = key("first"), second = key("second"), stranger = key("first");
        jwks = set(first);
        Files.writeString(folder.resolve("keys.json"), jwks);
        String byFile = broker("oauth-file", oauthListener(folder.resolve("keys.json").toUri().toString()));
        String byHttp = broker("oauth-http", oauthListener("http://127.0.0.1:" + port + "/keys"));
        String refused = "SaslAuthenticationException: {\"status\":\"invalid_token\"}";
        for (String address : List.of(byFile, byHttp)) {
            check("a signed token", "ok", client(address, fromFile(token(first, "admin", 600, ""))));
            check("a token of a user who may not", "TopicAuthorizationException", client(address, fromFile(token(first, "alice", 600, ""))));
            check("a token of another key", refused, client(address, fromFile(token(stranger, "admin", 600, ""))));
        }
        check("a token that is over", refused, client(byFile, fromFile(token(first, "admin", -40, ""))));
        check("another audience", refused, client(byFile, fromFile(token(first, "admin", 600, ",\"x\":1").isEmpty() ? "" : other(first, "\"aud\":\"kafka\"", "\"aud\":\"other\""))));
        check("another issuer", refused, client(byFile, fromFile(other(first, "\"iss\":\"issuer\"", "\"iss\":\"other\""))));
        check("an unsecured token where signed ones are asked for", refused,
            client(byFile, "security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER", "sasl.jaas.config=" + OAUTH + "unsecuredLoginStringClaim_sub=admin;"));
        issued = token(first, "admin", 600, ",\"scope\":\"a\"");
        check("client credentials", "ok", client(byHttp, fromIssuer("client-" + SECRET)));
        check("client credentials, wrong secret", "invalid_client", client(byHttp, fromIssuer("wrong-" + SECRET)));
        // New keys: fetched when a token names one, read when the file changes.
        jwks = set(first, second);
        String later = token(second, "admin", 600, "");
        check("a key that is not known yet", refused, client(byHttp, fromFile(later)));
        until("a new key at the issuer", client(byHttp, fromFile(later)));
        Files.writeString(folder.resolve("keys.json"), jwks);
        until("a new key in the file", client(byFile, fromFile(later)));
        // A session ends with its token, and the client logs in again with the next one.
        try (Admin admin = Admin.create(client(byFile, fromFile(token(first, "admin", 600, ""))))) {
            admin.describeCluster().nodes().get();
        }
        String unsecured = broker("oauth-unsecured", "listeners=SASL_PLAINTEXT://127.0.0.1:0", "security.inter.broker.protocol=SASL_PLAINTEXT", "sasl.enabled.mechanisms=OAUTHBEARER",
            "authorizer.class.name=" + AUTHORIZER, "super.users=User:admin", "listener.name.sasl_plaintext.oauthbearer.sasl.server.callback.handler.class=" + UNSECURED,
            "listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config=" + OAUTH + "unsecuredValidatorRequiredScope=\"a\";");
        String[] login = {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER", "sasl.jaas.config=" + OAUTH + "unsecuredLoginStringClaim_sub=admin unsecuredLoginListClaim_scope=\",a,b\";"};
        check("an unsecured token", "ok", client(unsecured, login));
        login[2] = "sasl.jaas.config=" + OAUTH + "unsecuredLoginStringClaim_sub=admin;";
        check("an unsecured token without the scope", "SaslAuthenticationException: {\"status\":\"insufficient_scope\", \"scope\":\"[a]\"}", client(unsecured, login));
        check("a signed token where unsecured ones are asked for", refused, client(unsecured, fromFile(token(first, "admin", 600, ""))));
        refused("no validator", "sasl.server.callback.handler.class", "listeners=SASL_PLAINTEXT://127.0.0.1:0", "security.inter.broker.protocol=SASL_PLAINTEXT", "sasl.enabled.mechanisms=OAUTHBEARER");
        refused("no keys", "missing.json", oauthListener(folder.resolve("missing.json").toUri().toString()));
    }

    static String other(RsaJsonWebKey key, String from, String to) throws Exception {
        JsonWebSignature signature = new JsonWebSignature();
        String payload = new String(Base64.getUrlDecoder().decode(token(key, "admin", 600, "").split("\\.")[1]));
        signature.setAlgorithmHeaderValue("RS256");
        signature.setKeyIdHeaderValue(key.getKeyId());
        signature.setKey(key.getPrivateKey());
        signature.setPayload(payload.replace(from, to));
        return signature.getCompactSerialization();
    }

    static void until(String name, Map<String, Object> client) throws Exception {
        String found = "";
        for (int attempt = 0; attempt < 40 && !found.equals("ok"); attempt++) {
            found = attempt(client);
            Thread.sleep(250);
        }
        check(name, "ok", found);
    }

    // TLS.

    static void keytool(String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(args));
        command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-storepass", "store-" + SECRET, "-storetype", "PKCS12"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) throw new IllegalStateException(command + ": " + text);
    }

    /** A key whose certificate an authority has signed, or the key itself: NAME.p12, NAME.pem with key and certificate. */
    static void key(String name, String subject, String ca, String... options) throws Exception {
        String store = folder.resolve(name + ".p12").toString();
        List<String> made = new ArrayList<>(List.of("-genkeypair", "-alias", "key", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", subject, "-keystore", store));
        if (ca != null) made.addAll(List.of("-signer", "key", "-signerkeypass", "store-" + SECRET));
        made.addAll(List.of(options));
        if (ca != null) {
            // The authority's key has to be in the same store while it signs.
            Files.copy(folder.resolve(ca + ".p12"), Path.of(store));
            made.set(made.indexOf("-alias") + 1, "leaf");
        }
        keytool(made.toArray(String[]::new));
        KeyStore keys = KeyStore.getInstance("PKCS12");
        char[] password = ("store-" + SECRET).toCharArray();
        try (var in = Files.newInputStream(Path.of(store))) {
            keys.load(in, password);
        }
        if (ca != null) {
            keys.deleteEntry("key");
            try (var out = Files.newOutputStream(Path.of(store))) {
                keys.store(out, password);
            }
        }
        String alias = ca == null ? "key" : "leaf";
        StringBuilder pem = new StringBuilder(pem("PRIVATE KEY", keys.getKey(alias, password).getEncoded()));
        for (var certificate : keys.getCertificateChain(alias)) pem.append(pem("CERTIFICATE", certificate.getEncoded()));
        Files.writeString(folder.resolve(name + ".pem"), pem);
        Files.writeString(folder.resolve(name + ".crt"), pem("CERTIFICATE", keys.getCertificate(alias).getEncoded()));
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("trusted", keys.getCertificate(alias));
        try (var out = Files.newOutputStream(folder.resolve(name + "-trust.p12"))) {
            trusted.store(out, password);
        }
    }

    static String pem(String kind, byte[] der) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder(64, "\n".getBytes()).encodeToString(der) + "\n-----END " + kind + "-----\n";
    }

    static void makeKeys() throws Exception {
        key("ca", "CN=test authority", null, "-ext", "bc:c", "-validity", "30");
        key("broker", "CN=broker", "ca", "-ext", "san=ip:127.0.0.1,dns:localhost", "-validity", "30");
        key("expired", "CN=broker", "ca", "-ext", "san=ip:127.0.0.1", "-startdate", "-3d", "-validity", "1");
        key("self", "CN=broker", null, "-ext", "san=ip:127.0.0.1", "-validity", "30");
        key("named", "CN=broker", "ca", "-ext", "san=dns:elsewhere", "-validity", "30");
        key("admin", "CN=Admin,OU=clients", "ca", "-validity", "30");
        key("alice", "CN=Alice,OU=clients", "ca", "-validity", "30");
        key("late", "CN=Admin,OU=clients", "ca", "-startdate", "-3d", "-validity", "1");
        key("foreign", "CN=Admin,OU=clients", null, "-validity", "30");
    }

    static String[] trusting(String ca, String... more) {
        List<String> settings = new ArrayList<>(List.of("security.protocol=SSL", "ssl.truststore.type=PEM", "ssl.truststore.location=" + folder.resolve(ca + ".crt")));
        settings.addAll(List.of(more));
        return settings.toArray(String[]::new);
    }

    static String[] as(String name, String... more) {
        List<String> settings = new ArrayList<>(List.of(trusting("ca", "ssl.keystore.type=PEM", "ssl.keystore.location=" + folder.resolve(name + ".pem"))));
        settings.addAll(List.of(more));
        return settings.toArray(String[]::new);
    }

    static String sslBroker(String name, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of("listeners=SSL://127.0.0.1:0", "security.inter.broker.protocol=SSL"));
        settings.addAll(List.of(more));
        return broker(name, settings.toArray(String[]::new));
    }

    static void tls() throws Exception {
        String pem = sslBroker("tls-pem", "ssl.keystore.type=PEM", "ssl.keystore.location=" + folder.resolve("broker.pem"));
        check("TLS, PEM", "ok", client(pem, trusting("ca")));
        check("TLS 1.2", "ok", client(pem, trusting("ca", "ssl.enabled.protocols=TLSv1.2", "ssl.protocol=TLSv1.2")));
        check("a broker that is not trusted", "SslAuthenticationException", client(pem, trusting("self")));
        check("TLS 1.1", "SslAuthenticationException", client(pem, trusting("ca", "ssl.enabled.protocols=TLSv1.1", "ssl.protocol=TLSv1.1")));
        check("no TLS", "TimeoutException", client(pem, "security.protocol=PLAINTEXT", "default.api.timeout.ms=5000"));
        check("a suite without forward secrecy", "SslAuthenticationException",
            client(pem, trusting("ca", "ssl.enabled.protocols=TLSv1.2", "ssl.protocol=TLSv1.2", "ssl.cipher.suites=TLS_RSA_WITH_AES_128_CBC_SHA")));
        String newest = sslBroker("tls-13", "ssl.keystore.type=PKCS12", "ssl.keystore.location=" + folder.resolve("broker.p12"), "ssl.keystore.password=store-" + SECRET,
            "ssl.enabled.protocols=TLSv1.3", "authorizer.class.name=" + AUTHORIZER, "super.users=User:admin", "ssl.client.auth=required", "ssl.truststore.type=PKCS12",
            "ssl.truststore.location=" + folder.resolve("ca-trust.p12"), "ssl.truststore.password=store-" + SECRET, "ssl.principal.mapping.rules=RULE:^CN=([^,]*),.*$/$1/L,DEFAULT");
        check("a certificate of a client, PKCS#12", "ok", client(newest, as("admin")));
        check("the same from a PKCS#12 store", "ok", client(newest, "security.protocol=SSL", "ssl.truststore.type=PKCS12", "ssl.truststore.location=" + folder.resolve("ca-trust.p12"),
            "ssl.truststore.password=store-" + SECRET, "ssl.keystore.type=PKCS12", "ssl.keystore.location=" + folder.resolve("admin.p12"), "ssl.keystore.password=store-" + SECRET));
        check("a certificate of somebody else", "TopicAuthorizationException", client(newest, as("alice")));
        check("an older TLS than the broker takes", "SslAuthenticationException", client(newest, as("admin", "ssl.enabled.protocols=TLSv1.2", "ssl.protocol=TLSv1.2")));
        for (String name : List.of("late", "foreign")) check("a certificate of a client, " + name, "Ssl", client(newest, as(name)));
        check("no certificate of a client", "Ssl", client(newest, trusting("ca")));
        String expired = sslBroker("tls-expired", "ssl.keystore.type=PEM", "ssl.keystore.location=" + folder.resolve("expired.pem"));
        check("a broker whose certificate is over", "SslAuthenticationException", client(expired, trusting("ca")));
        String self = sslBroker("tls-self", "ssl.keystore.type=PEM", "ssl.keystore.location=" + folder.resolve("self.pem"));
        check("a broker that trusts itself alone", "SslAuthenticationException", client(self, trusting("ca")));
        String named = sslBroker("tls-named", "ssl.keystore.type=PEM", "ssl.keystore.location=" + folder.resolve("named.pem"));
        check("a broker of another name", "SslAuthenticationException", client(named, trusting("ca")));
        check("the same without a look at the name", "ok", client(named, trusting("ca", "ssl.endpoint.identification.algorithm=")));
        refused("a wrong password of a store", "broker.p12", "listeners=SSL://127.0.0.1:0", "security.inter.broker.protocol=SSL", "ssl.keystore.type=PKCS12",
            "ssl.keystore.location=" + folder.resolve("broker.p12"), "ssl.keystore.password=wrong-" + SECRET);
    }

    // Our tools and a broker of Kafka's.

    static void ourTools() throws Exception {
        RsaJsonWebKey key = key("tools");
        jwks = set(key);
        String prefix = "listener.name.sasl_plaintext.oauthbearer.sasl.";
        Properties props = new Properties();
        props.putAll(Map.of("process.roles", "broker,controller", "node.id", "1", "controller.listener.names", "CONTROLLER", "controller.quorum.voters", "1@127.0.0.1:" + (port + 1),
            "log.dirs", folder.resolve("kafka").toString(), "listeners", "SASL_PLAINTEXT://127.0.0.1:" + (port + 2) + ",UNSECURED://127.0.0.1:" + (port + 3) + ",PLAINTEXT://127.0.0.1:"
            + (port + 4) + ",CONTROLLER://127.0.0.1:" + (port + 1), "listener.security.protocol.map", "SASL_PLAINTEXT:SASL_PLAINTEXT,UNSECURED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "sasl.enabled.mechanisms", "OAUTHBEARER"));
        props.putAll(Map.of("sasl.oauthbearer.expected.audience", "kafka", "sasl.oauthbearer.jwks.endpoint.url", "http://127.0.0.1:" + port + "/keys",
            prefix + "server.callback.handler.class", PACKAGE + "OAuthBearerValidatorCallbackHandler", prefix + "jaas.config", OAUTH + ";",
            "listener.name.unsecured.oauthbearer.sasl.jaas.config", OAUTH + "unsecuredLoginStringClaim_sub=broker;",
            "listener.name.unsecured.oauthbearer.sasl.server.callback.handler.class", UNSECURED, "offsets.topic.replication.factor", "1"));
        Path file = folder.resolve("kafka.properties");
        try (var out = Files.newBufferedWriter(file)) {
            props.store(out, null);
        }
        kafka.tools.StorageTool.execute(new String[] {"format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", file.toString()}, System.err);
        new KafkaRaftServer(KafkaConfig.fromProps(props), Time.SYSTEM).startup();
        int signed = port + 2, unsecured = port + 3;
        check("our tool, a token from a file", "code 0", tool(signed, fromFile(token(key, "admin", 600, ""))));
        check("our tool, a token that is over", "{\"status\":\"invalid_token\"}", tool(signed, fromFile(token(key, "admin", -40, ""))));
        check("our tool, no token", "the token has 1 parts, expected 3", tool(signed, fromFile("x")));
        issued = token(key, "admin", 600, "");
        int before = asked;
        check("our tool, client credentials", "code 0", tool(signed, fromIssuer("client-" + SECRET)));
        check("one request for a token", "1", "" + (asked - before));
        check("our tool, wrong client credentials", "status 401", tool(signed, fromIssuer("wrong-" + SECRET)));
        String[] login = {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER", "sasl.jaas.config=" + OAUTH + "unsecuredLoginStringClaim_sub=admin unsecuredLoginExtension_traceId=x;"};
        check("our tool, an unsecured token", "code 0", tool(unsecured, login));
        check("our tool, an unsecured token where signed ones are asked for", "{\"status\":\"invalid_token\"}", tool(signed, login));
    }

    static String tool(int at, String... settings) throws Exception {
        Path config = folder.resolve("tool.properties");
        Properties props = new Properties();
        for (String setting : settings) props.setProperty(setting.split("=", 2)[0], setting.split("=", 2)[1]);
        props.setProperty("default.api.timeout.ms", "8000");
        try (var out = Files.newBufferedWriter(config)) {
            props.store(out, null);
        }
        Process process = new ProcessBuilder(binaries.resolve("kafka-tools").toString(), "topics", "--list", "--bootstrap-server", "127.0.0.1:" + at, "--command-config", config.toString())
            .redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes());
        if (text.contains(SECRET)) check("no secret in what a tool prints", "nothing", text);
        return text + "code " + process.waitFor();
    }

    /** No log has a secret, a part of a token, or a key. */
    static void logs() throws Exception {
        String token = Files.readString(folder.resolve("token"));
        List<String> secrets = List.of(SECRET, token.split("\\.")[token.contains(".") ? 1 : 0] + ".", "PRIVATE KEY", Base64.getEncoder().encodeToString(("client:client-" + SECRET).getBytes()));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path log : files.filter(file -> file.toString().endsWith(".log")).toList()) {
                String text = Files.readString(log);
                check(log.getFileName() + " has lines", "true", "" + (text.length() > 100));
                for (String secret : secrets) check("no secret in " + log.getFileName(), "false", "" + (secret.length() > 2 && text.contains(secret)));
                check("no token in " + log.getFileName(), "false", "" + text.matches("(?s).*eyJ[A-Za-z0-9_-]{20,}\\.eyJ.*"));
            }
        }
    }
}
