// Google's own client for Node, made from this server's discovery document as Perspective's documentation shows.
import { Discovery } from "googleapis-common";

const [url, key] = process.argv.slice(2);
const makeClient = await new Discovery({ debug: false, includePrivate: false }).discoverAPI(
  `${url}/$discovery/rest?version=v1alpha1`,
);
const client = makeClient({});

const analyze = (text, more = {}) =>
  client.comments.analyze({
    key,
    requestBody: {
      comment: { text },
      requestedAttributes: { TOXICITY: {}, THREAT: {} },
      doNotStore: true,
      ...more,
    },
  });

const rude = await analyze("You are a stupid idiot and I hate you.");
const kind = await analyze("Thank you, that was kind of you.", { languages: ["en"], clientToken: "t-1" });
const suggested = await client.comments.suggestscore({
  key,
  resource: {
    comment: { text: "You are a stupid idiot." },
    attributeScores: { TOXICITY: { summaryScore: { value: 1 } } },
    clientToken: "t-2",
  },
});
const refused = await analyze("").then(
  () => null,
  (error) => ({ status: error.response?.status ?? error.status, body: error.response?.data ?? null, message: error.message }),
);
console.log(JSON.stringify({ rude: rude.data, kind: kind.data, suggested: suggested.data, refused }));
