// SPDX-License-Identifier: Apache-2.0
/* kusto.worker.ts - the language's service: completion, hover, mistakes while one types */
import "@kusto/monaco-kusto/release/esm/kusto.worker";
