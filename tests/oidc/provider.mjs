// An OpenID provider that is not ours: npm oidc-provider on loopback, with the accounts and clients that it is told.
//
// One line of JSON comes in: {clients: [...], accounts: {subject: {claims..., acr}}}. One line goes out when it listens:
// {issuer}. It ends with its standard input, so that it never outlives the test that started it.

import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { Provider } from "oidc-provider";

const input = createInterface({ input: process.stdin });
const [line] = await once(input, "line");
input.on("close", () => process.exit(0));
const { clients, accounts } = JSON.parse(line);

// Its name has the port in it, so it listens first. Nobody knows the port before the line below goes out.
const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "provider-1", alg: "ES256", use: "sig" }] },
  findAccount: (_context, subject) =>
    Object.hasOwn(accounts, subject)
      ? { accountId: subject, claims: () => ({ sub: subject, ...accounts[subject] }) }
      : undefined,
  acrValues: [...new Set(Object.values(accounts).map(({ acr }) => acr))],
  claims: { openid: ["sub", "acr", "auth_time", "identifiers"], profile: ["name"] },
  conformIdTokenClaims: false, // name and identifiers stand in the ID token itself
  clientAuthMethods: ["private_key_jwt"],
  pkce: { required: () => true },
  cookies: { keys: ["cookies of a provider that lives as long as one test"] },
  features: { devInteractions: { enabled: true } },
});
// Its own pages for trying out ask for a name and any password, and know no levels: the account says which was reached.
provider.on("interaction.ended", ({ oidc }) => {
  oidc.session.acr = accounts[oidc.session.accountId]?.acr;
});

server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));
