"""Puts what was said in a conversation into its checkpoints, as the assistant's graph does."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from app.checkpoints import open_checkpoints
from app.wiring import House
from domain.assistant import Conversation


async def said(house: House, conversation: Conversation, asked: str, found: str, answer: str) -> None:
    """Ask, find and answer once in this conversation."""

    def answered(_: MessagesState) -> dict[str, Any]:
        return {"messages": [ToolMessage(found, tool_call_id="1"), AIMessage(answer)]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("answer", answered)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    async with open_checkpoints(house.workspace.checkpoints, house.database_url) as saver:
        config: Any = {"configurable": {"thread_id": conversation.thread_id}}
        await graph.compile(checkpointer=saver).ainvoke({"messages": [HumanMessage(asked)]}, config)


async def threads(house: House) -> list[str]:
    """Every thread that has checkpoints."""
    from app.privacy.stores import thread_ids

    async with open_checkpoints(house.workspace.checkpoints, house.database_url) as saver:
        return await thread_ids(saver, house.database_url)
