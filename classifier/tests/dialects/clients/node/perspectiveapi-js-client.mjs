// Perspective's own client for JavaScript with its defaults (it asks for SPAM and TOXICITY). Its address is a constant that
// its constructor writes into a field, so moving is the one line that sets this field.
import { Client } from "@conversationai/perspectiveapi-js-client";

const [url, key] = process.argv.slice(2);
const client = new Client(key);
client.perspectiveApiUrl = `${url}/v1alpha1/comments:analyze?key=${key}`;

const rude = await client.getScores("You are a <b>stupid idiot</b> and I hate you.");
const kind = await client.getScores("Thank you, that was kind of you.");
const chosen = await client.getScores("Thank you", { attributes: ["TOXICITY", "INSULT", "FLIRTATION"], doNotStore: false });
const refused = await client.getScores("Grazie", { languages: ["it"] }).catch((error) => error.message);
console.log(JSON.stringify({ rude, kind, chosen, refused }));
