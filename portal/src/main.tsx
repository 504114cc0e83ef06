// SPDX-License-Identifier: Apache-2.0
/* main.tsx - puts the portal into the page */
import { createRoot } from "react-dom/client";

import { App } from "./app";
import "./look/base.css";
import "./look/fonts.css";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(<App />);
