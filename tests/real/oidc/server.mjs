// A real OpenID Connect provider for the tests: anybody signs in, by the name that they give.
import Provider from "oidc-provider";

const [port, callback, secret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

// The name says what the provider knows: "ann" has ann@halden.example, verified.
function claims(sub) {
  const known = { "unsure": false, "word": "false" };
  return { sub, email: `${sub}@halden.example`, email_verified: known[sub] ?? true, name: sub };
}

const provider = new Provider(issuer, {
  clients: [{ client_id: "box", client_secret: secret, redirect_uris: [callback] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true, methods: ["S256"] },
  cookies: { keys: ["tests only"] },
  ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
  async loadExistingGrant(ctx) {
    const { oidc } = ctx;
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId, accountId: oidc.session.accountId,
    });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
