;; Stands for the host of wit/interpreter.wit under runtimes that have none, such as wasmtime: says no to everything, and does nothing.
(component
  (core module $no
    (memory (export "memory") 1)
    (func (export "interrupted") (result i32) (i32.const 0))
    (func (export "raw-terminal") (param i32) (result i32) (i32.const 0))
    (func (export "error-number") (result i32) (i32.const 0))
    (func (export "error-text") (param i32) (result i32) (i32.const 0)) ;; where an empty string lies
    (func (export "private-files") (param i32)))
  (core instance $no (instantiate $no))
  (func $interrupted (result bool) (canon lift (core func $no "interrupted")))
  (func $raw-terminal (param "on" bool) (result bool) (canon lift (core func $no "raw-terminal")))
  (func $error-number (result s32) (canon lift (core func $no "error-number")))
  (func $error-text (param "number" s32) (result string) (canon lift (core func $no "error-text") (memory (core memory $no "memory"))))
  (func $private-files (param "on" bool) (canon lift (core func $no "private-files")))
  (instance $host
    (export "interrupted" (func $interrupted))
    (export "raw-terminal" (func $raw-terminal))
    (export "error-number" (func $error-number))
    (export "error-text" (func $error-text))
    (export "private-files" (func $private-files)))
  (export "micropython:ssl/host@0.1.0" (instance $host)))
