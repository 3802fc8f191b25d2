// MicroPython recurses into nested source and nested containers without a check of the stack. The
// Makefile includes this first in the units that do so, and it adds the check.

#pragma once

#include "py/cstack.h"
#include "py/parse.h"
#include "py/runtime.h"

/* Containers compare, order and hash what they contain. */

static MP_NOINLINE bool checked_equal(mp_obj_t a, mp_obj_t b) {
    mp_cstack_check();
    return mp_obj_equal(a, b);
}
#define mp_obj_equal checked_equal

static MP_NOINLINE mp_obj_t checked_unary_op(mp_unary_op_t op, mp_obj_t value) {
    mp_cstack_check();
    return mp_unary_op(op, value);
}
#define mp_unary_op checked_unary_op

static MP_NOINLINE mp_obj_t checked_binary_op(mp_binary_op_t op, mp_obj_t a, mp_obj_t b) {
    mp_cstack_check();
    return mp_binary_op(op, a, b);
}
#define mp_binary_op checked_binary_op

/*
 * Each function by which the compiler recurses begins with one of these: compile_node, c_assign,
 * c_del_stmt, c_if_cond.
 */

#undef MP_PARSE_NODE_IS_NULL
#define MP_PARSE_NODE_IS_NULL(node) (mp_cstack_check(), (node) == MP_PARSE_NODE_NULL)
#undef MP_PARSE_NODE_IS_LEAF
#define MP_PARSE_NODE_IS_LEAF(node) (mp_cstack_check(), (node) & 3)
#undef MP_PARSE_NODE_IS_ID
#define MP_PARSE_NODE_IS_ID(node) (mp_cstack_check(), ((node) & 0x0f) == MP_PARSE_NODE_ID)
#define mp_parse_node_is_const_false(node) (mp_cstack_check(), mp_parse_node_is_const_false(node))
