// OpenAI's own client for Node with another base URL.
import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });

const one = await client.moderations.create({ input: "You are a stupid idiot and I hate you." });
const many = await client.moderations.create({
  model: "omni-moderation-latest",
  input: ["You are a stupid idiot and I hate you.", "Thank you, that was kind of you."],
});
const parts = await client.moderations.create({ input: [{ type: "text", text: "Thank you" }, { type: "text", text: "kindly" }] });
const told = (error) => ({ name: error.constructor.name, status: error.status, code: error.code, type: error.type, param: error.param });
const empty = await client.moderations.create({ input: "" }).catch(told);
const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "tox_nobody", maxRetries: 0 });
const unknown = await stranger.moderations.create({ input: "x" }).catch(told);
console.log(JSON.stringify({ one, many, parts, empty, unknown }));
