// The npm client "akismet": host, port, and the key before the host name.
import dns from "node:dns";
import akismet from "akismet";

const [server, , key] = process.argv.slice(2);
dns.lookup = (_name, options, callback) => {
  const answered = typeof options === "function" ? options : callback;
  const all = typeof options === "object" && options.all;
  return all ? answered(null, [{ address: "127.0.0.1", family: 4 }]) : answered(null, "127.0.0.1", 4);
};

const port = Number(new URL(server).port);
const of = (apiKey) => akismet.client({ apiKey, blog: "https://blog.example.org", port });
const call = (client, verb, ...more) =>
  new Promise((resolve, reject) => client[verb](...more, (error, value) => (error ? reject(error) : resolve(value ?? null))));
const comment = (text) => ({ user_ip: "192.0.2.1", comment_author: "Ann", comment_content: text });
const [rude, kind] = ["You are a stupid idiot and I hate you.", "Thank you, that was kind of you."];

console.log(JSON.stringify({
  verified: await call(of(key), "verifyKey"),
  unknown: await call(of("nobody"), "verifyKey"),
  rude: await call(of(key), "checkComment", comment(rude)),
  kind: await call(of(key), "checkComment", comment(kind)),
  spam: await call(of(key), "submitSpam", comment(rude)),
  ham: await call(of(key), "submitHam", comment(kind)),
}));
