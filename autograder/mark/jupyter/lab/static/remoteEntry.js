// The marking room in JupyterLab's menus: one command, which opens the page. Written by hand in the form in which
// JupyterLab loads extensions that are built already: init gets the modules that all extensions share.
(() => {
  let shared = {};

  const open = () => {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
    window.open(new URL(`${config.baseUrl || "/"}autograder/mark/`, location.origin), "_blank", "noopener");
  };

  // nbgrader makes its menu itself, so that no settings can add to it.
  const besideFormgrader = (mainMenu) => {
    const menu = mainMenu?.menus?.find((one) => one.title.label === "Nbgrader");
    menu?.addItem({ command: "autograder:mark" });
  };

  const plugin = (optional) => ({
    id: "autograder-mark:plugin",
    description: "Opens the marking room.",
    autoStart: true,
    optional,
    activate: (app, mainMenu) => {
      app.commands.addCommand("autograder:mark", {
        label: "Marking Room",
        caption: "Grade written answers, question by question",
        execute: open,
      });
      app.restored.then(() => besideFormgrader(mainMenu));
    },
  });

  const mainMenuToken = async () => {
    const [known] = Object.values(shared["@jupyterlab/mainmenu"] || {});
    const made = known && (await known.get())();
    return made?.IMainMenu ? [made.IMainMenu] : [];
  };

  const get = async (name) => {
    if (name !== "./extension") throw new Error(`autograder-mark has no ${name}`);
    const optional = await mainMenuToken().catch(() => []);
    return () => ({ __esModule: true, default: plugin(optional) });
  };

  const init = (scope) => {
    shared = scope;
  };
  (window._JUPYTERLAB = window._JUPYTERLAB || {})["autograder-mark"] = { init, get };
})();
