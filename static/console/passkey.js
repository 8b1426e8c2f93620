// Passkeys: asks the browser for one and sends what it answers. Shown only where it can work.
(() => {
  "use strict";

  const can = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  const given = document.getElementById("passkey-options");

  async function fetched(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return (await answer.json()).request_options;
  }

  async function used(options) {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
    return navigator.credentials.get({ publicKey });
  }

  async function made(options, alone) {
    const asked = options.publicKey;
    const need = alone ? "required" : "discouraged";
    asked.authenticatorSelection = {
      ...asked.authenticatorSelection, residentKey: need, requireResidentKey: alone,
      ...(alone ? { userVerification: "required" } : {}),
    };
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
    return navigator.credentials.create({ publicKey });
  }

  async function credential(form) {
    if (form.dataset.passkey === "sign-in") return used(await fetched(form.action));
    const options = JSON.parse(given.textContent);
    if (form.dataset.passkey === "use") return used(options.request_options);
    return made(options.creation_options, form.elements.passwordless.checked);
  }

  for (const form of can ? document.querySelectorAll("form[data-passkey]") : []) {
    form.hidden = false;
    const problem = form.querySelector("p.error[role=alert]");
    form.querySelector("button").addEventListener("click", async () => {
      problem.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify((await credential(form)).toJSON());
        form.submit();
      } catch {
        problem.hidden = false;
      }
    });
  }
})();
