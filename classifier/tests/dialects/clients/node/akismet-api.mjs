// The npm client "akismet-api": it puts the key before the host name, which is a constant of the service.
import dns from "node:dns";
import { AkismetClient } from "akismet-api";

const [server, , key] = process.argv.slice(2);
const { port } = new URL(server);
dns.lookup = (_name, options, callback) => {
  const answered = typeof options === "function" ? options : callback;
  const all = typeof options === "object" && options.all;
  return all ? answered(null, [{ address: "127.0.0.1", family: 4 }]) : answered(null, "127.0.0.1", 4);
};

const blog = "https://blog.example.org";
const of = (name) => new AkismetClient({ key: name, blog, host: `rest.akismet.com:${port}`, protocol: "http" });
const client = of(key);
const comment = (content) => ({ ip: "192.0.2.1", name: "Ann", email: "ann@example.org", content });
const [rude, kind] = ["You are a stupid idiot and I hate you.", "Thank you, that was kind of you."];
const failed = async (call) => call.then((value) => ({ value }), (error) => ({ error: error.message }));

console.log(JSON.stringify({
  verified: await client.verifyKey(),
  unknown: await of("nobody").verifyKey(),
  rude: await client.checkSpam(comment(rude)),
  kind: await client.checkSpam(comment(kind)),
  spam: (await client.submitSpam(comment(rude))).text,
  ham: (await client.submitHam(comment(kind))).text,
  stranger: await failed(of("nobody").checkSpam(comment(rude))),
  without_blog: await failed(new AkismetClient({ key, host: `rest.akismet.com:${port}`, protocol: "http" }).checkSpam(comment(rude))),
}));
