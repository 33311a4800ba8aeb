// Search on a site of files: small indexes, one a service, fetched when they are asked for. Nothing leaves the site.
"use strict";
(() => {
  const form = document.getElementById("search"), input = document.getElementById("q"), found = document.getElementById("found");
  const folderOf = (name) => encodeURIComponent(name) + "/index.html";
  let services, asked = 0;
  const get = async (name) => (await fetch("search/" + encodeURIComponent(name) + ".json")).json();
  const make = (tag, text, href) => {
    const one = document.createElement(tag);
    if (text) one.textContent = text;
    if (href) one.href = href;
    return one;
  };
  const pattern = (text) => new RegExp("^" + text.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".") + "$", "i");
  const list = (rows) => {
    const ul = make("ul");
    ul.className = "more";
    ul.append(...rows);
    return ul;
  };
  const service = ([prefix, name, count]) => {
    const li = make("li");
    li.append(make("a", name, "services/" + encodeURIComponent(prefix) + ".html"), " " + prefix + ", " + count + " actions");
    return li;
  };
  const action = (prefix, [name, who]) => {
    const li = make("li"), now = who.filter((one) => !one[2]).length;
    li.append(make("a", prefix + ":" + name, "actions/" + encodeURIComponent(prefix) + "/index.html#" + encodeURIComponent(name.toLowerCase())), ": " + (who.length ? now + " today" + (who.length > now ? ", " + (who.length - now) + " once" : "") : "nobody on record"));
    if (who.length) {
      const each = make("details"), rows = who.map(([policy, since, until]) => {
        const row = make("li");
        row.append(make("a", policy, folderOf(policy)), " since " + since + (until ? ", until " + until : ""));
        return row;
      });
      each.append(make("summary", "Who, since when"), list(rows));
      li.append(each);
    }
    return li;
  };
  const search = async () => {
    const text = input.value.trim(), mine = ++asked;
    if (!text) return found.replaceChildren();
    services ??= (await get("index")).services;
    const [prefix, name] = text.includes(":") ? text.split(":", 2) : ["", text];
    const rows = [];
    if (prefix) {
      const wanted = pattern(prefix), names = pattern(name.includes("*") || name.includes("?") ? name : name + "*");
      for (const one of services.filter((each) => wanted.test(each[0])).slice(0, 12)) {
        const shard = await get(one[0]);
        rows.push(...shard.actions.filter((each) => names.test(each[0])).map((each) => action(one[0], each)));
      }
    } else {
      const low = text.toLowerCase();
      rows.push(...services.filter((each) => each[0].includes(low) || each[1].toLowerCase().includes(low)).map(service));
    }
    if (mine !== asked) return;
    const told = rows.length ? rows.length + " found" : "Nothing of that name. Write service:action, as in s3:GetObject.";
    found.replaceChildren(make("p", told), list(rows.slice(0, 300)));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  const given = new URLSearchParams(location.search).get("q");
  if (given) {
    input.value = given.slice(0, 200);
    search();
  }
})();
