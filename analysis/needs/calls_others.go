package needs

func othersCalls() map[string]resourceType { return map[string]resourceType{} }
