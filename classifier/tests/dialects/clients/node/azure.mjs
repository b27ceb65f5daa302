// Azure's npm client "@azure-rest/ai-content-safety": analyzing, blocklists and errors.
import ContentSafetyClient, { isUnexpected, paginate } from "@azure-rest/ai-content-safety";

const [server, key, lists] = process.argv.slice(2);
const of = (apiKey, endpoint = server) =>
  ContentSafetyClient(endpoint, { key: apiKey }, { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } });
const analyze = async (client, body) => {
  const answer = await client.path("/text:analyze").post({ body });
  return isUnexpected(answer) ? { status: answer.status, code: answer.body.error.code } : answer.body;
};
const [rude, kind] = ["You are a stupid idiot and I hate you.", "Thank you, that was kind of you."];
const severities = (body) => Object.fromEntries(body.categoriesAnalysis.map((row) => [row.category, row.severity]));

const named = of(lists).path("/text/blocklists/{blocklistName}", "fruit");
const made = await named.patch({ contentType: "application/merge-patch+json", body: { description: "of the season" } });
const added = await of(lists)
  .path("/text/blocklists/{blocklistName}:addOrUpdateBlocklistItems", "fruit")
  .post({ body: { blocklistItems: ["quince", "medlar", "sloe"].map((text) => ({ text })) } });
const first = await of(lists)
  .path("/text/blocklists/{blocklistName}/blocklistItems", "fruit")
  .get({ queryParameters: { maxpagesize: 2 } });
const items = [];
for await (const item of paginate(of(lists), first)) items.push(item.text);
const halting = { text: "I ate a medlar", blocklistNames: ["fruit"], haltOnBlocklistHit: true };
let halted = await analyze(of(key), halting);
for (const end = Date.now() + 15_000; !halted.blocklistsMatch?.length && Date.now() < end; ) {
  await new Promise((resolve) => setTimeout(resolve, 200)); // the rules of other processes are some seconds old
  halted = await analyze(of(key), halting);
}
const removed = await of(lists)
  .path("/text/blocklists/{blocklistName}:removeBlocklistItems", "fruit")
  .post({ body: { blocklistItemIds: [added.body.blocklistItems[0].blocklistItemId] } });

console.log(JSON.stringify({
  rude: severities(await analyze(of(key), { text: rude })),
  kind: severities(await analyze(of(key, `${server}/`), { text: kind, outputType: "EightSeverityLevels" })),
  some: severities(await analyze(of(key), { text: kind, categories: ["Violence"] })),
  empty: await analyze(of(key), { text: "" }),
  stranger: await analyze(of("nobody"), { text: kind }),
  made: [made.status, made.body],
  items,
  match: halted.blocklistsMatch.map((row) => row.blocklistItemText),
  analysis: halted.categoriesAnalysis,
  removed: removed.status,
  deleted: (await named.delete()).status,
  gone: (await named.get()).status,
}));
