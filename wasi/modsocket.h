// The type of sockets.

#pragma once

#include "py/obj.h"

extern const mp_obj_type_t socket_type;
