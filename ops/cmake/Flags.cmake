# SPDX-License-Identifier: EUPL-1.2
# Warnings as errors, sanitizers, hardening; every target links lt_flags.
add_library(lt_flags INTERFACE)
target_include_directories(lt_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR})
target_compile_definitions(lt_flags INTERFACE _GNU_SOURCE LT_VERSION="${PROJECT_VERSION}")
target_compile_options(lt_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings -Wpointer-arith -Werror
    -fno-common -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(lt_flags INTERFACE -Wlogical-op -Wduplicated-cond)
endif()

if(LT_SANITIZE)
    target_compile_options(lt_flags INTERFACE
        -fsanitize=${LT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(lt_flags INTERFACE -fsanitize=${LT_SANITIZE})
else()
    target_compile_definitions(lt_flags INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
    target_link_options(lt_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(LT_FUZZ)
    target_compile_options(lt_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
