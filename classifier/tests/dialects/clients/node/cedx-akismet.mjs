// The npm client "@cedx/akismet": a base URL of one's own, and the key in the form.
import { Author, Blog, CheckResult, Client, Comment } from "@cedx/akismet";

const [server, key] = process.argv.slice(2);
const of = (apiKey, url = "https://blog.example.org") => new Client(apiKey, new Blog({ url }), { baseUrl: server });
const author = (more = {}) => new Author({ ipAddress: "192.0.2.1", name: "Ann", userAgent: "Mozilla/5.0", ...more });
const comment = (content, more = {}) => new Comment({ author: author(more), content, type: "comment" });
const failure = async (call) => call.then(() => "", (error) => error.message);
const name = (result) => Object.keys(CheckResult).find((known) => CheckResult[known] === result);
const [rude, kind] = ["You are a stupid idiot and I hate you.", "Thank you, that was kind of you."];

console.log(JSON.stringify({
  verified: await of(key).verifyKey(),
  unknown: await of("nobody").verifyKey(),
  rude: name(await of(key).checkComment(comment(rude))),
  kind: name(await of(key).checkComment(comment(kind))),
  trusted: name(await of(key).checkComment(comment(rude, { role: "administrator" }))),
  known: name(await of(key).checkComment(comment(kind, { name: "viagra-test-123" }))),
  spam: await failure(of(key).submitSpam(comment(rude))),
  ham: await failure(of(key).submitHam(comment(kind))),
  stranger: await failure(of("nobody").checkComment(comment(rude))),
}));
