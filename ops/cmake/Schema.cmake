# SPDX-License-Identifier: EUPL-1.2
# protoc-c turns proto/schema/*.proto into a library of its own: generated code is not held to our
# warnings, and only proto/message.c includes it.
set(schema_dir ${CMAKE_BINARY_DIR}/schema)
file(MAKE_DIRECTORY ${schema_dir})
add_custom_command(
    OUTPUT ${schema_dir}/ltp.pb-c.c ${schema_dir}/ltp.pb-c.h
    COMMAND ${PROTOC_C} --c_out=${schema_dir} -I ${CMAKE_SOURCE_DIR}/proto/schema
            ${CMAKE_SOURCE_DIR}/proto/schema/ltp.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/proto/schema/ltp.proto)
add_library(lt_schema STATIC ${schema_dir}/ltp.pb-c.c)
target_include_directories(lt_schema SYSTEM PUBLIC ${schema_dir})
target_link_libraries(lt_schema PUBLIC PkgConfig::PROTOBUF_C)
if(LT_SANITIZE)
    target_compile_options(lt_schema PRIVATE -fsanitize=${LT_SANITIZE})
endif()
