// perspective-api-client with its defaults. Its address is a constant in its module and it posts through its own axios, so
// moving is the one line that lets this axios rewrite the address.
import { createRequire } from "node:module";
import Perspective from "perspective-api-client";

const [url, key] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const axios = createRequire(require.resolve("perspective-api-client"))("axios");
axios.interceptors.request.use((sent) => ({ ...sent, url: sent.url.replace("https://commentanalyzer.googleapis.com", url) }));

const client = new Perspective({ apiKey: key });
const rude = await client.analyze("You are a <b>stupid idiot</b> and I hate you.");
const kind = await client.analyze("Thank you, that was kind of you.", { attributes: ["spam", "toxicity", "unsubstantial"] });
const told = (error) => ({ name: error.name, message: error.message, status: error.response?.status });
const refused = await client.analyze("Thank you", { attributes: ["NOISE"] }).catch(told);
const stranger = await new Perspective({ apiKey: "tox_nobody" }).analyze("Thank you").catch(told);
console.log(JSON.stringify({ rude, kind, refused, stranger }));
