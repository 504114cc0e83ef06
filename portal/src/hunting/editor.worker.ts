// SPDX-License-Identifier: Apache-2.0
/* editor.worker.ts - the editor's own work off the page's thread */
import "monaco-editor/esm/vs/editor/editor.worker";
